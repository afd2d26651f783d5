/** The connection of one document, whose count of unsaved changes can be trusted. */

import { HocuspocusProvider, type HocuspocusProviderConfiguration } from "@hocuspocus/provider";

type Configuration = HocuspocusProviderConfiguration & {
  /** Resolves when a fresh token is at hand, without which no handshake begins. Rejects to try again later. */
  ready: () => Promise<void>;
};

/**
 * Hocuspocus' provider without its queue.
 *
 * The stock one sends what was typed offline again when it is connected, sets its count of unsaved changes to 1, and
 * counts each confirmation of the queued ones: so it says 0 while changes are on their way. Here nothing is sent before
 * the handshake, whose second step carries all that the server lacks, so the count is 0 only when everything is stored.
 */
export class TrustedProvider extends HocuspocusProvider {
  private readonly ready: () => Promise<void>;
  private hasBegun = false;

  constructor({ ready, ...configuration }: Configuration) {
    super(configuration);
    this.ready = ready;
  }

  private get socket(): WebSocket | null {
    return this.configuration.websocketProvider?.webSocket ?? null;
  }

  override async onOpen(event: Event): Promise<void> {
    this.hasBegun = false;
    const { socket } = this;
    try {
      await this.ready();
    } catch {
      socket?.close(); // comes back after a pause
      return;
    }
    // Another socket may have opened meanwhile; it has a handshake of its own.
    if (socket === this.socket) await super.onOpen(event);
  }

  override startSync(): void {
    this.hasBegun = true;
    super.startSync();
  }

  override onClose(): void {
    this.hasBegun = false;
    super.onClose();
  }

  override documentUpdateHandler(update: Uint8Array, origin: unknown): void {
    if (this.hasBegun || origin === this) super.documentUpdateHandler(update, origin);
    else this.incrementUnsyncedChanges(); // goes with the handshake
  }

  override send(...message: Parameters<HocuspocusProvider["send"]>): void {
    if (this.socket?.readyState === WebSocket.OPEN) super.send(...message);
  }

  /** Whether the frame says that the server has refused a change (SyncStatus 0). */
  static isRefusal(frame: Uint8Array): boolean {
    const keyLength = frame[0] ?? 0; // one byte: keys are shorter than 128 characters
    return frame.length === keyLength + 3 && frame.at(-2) === 8 && frame.at(-1) === 0;
  }
}
