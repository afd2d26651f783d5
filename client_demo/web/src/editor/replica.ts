/** One document on this device while it is open: its Yjs replica, its connection, and whether it is saved. */

import { HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import { type ReadonlySignal, signal } from "@preact/signals";
import { IndexeddbPersistence } from "y-indexeddb";
import * as Y from "yjs";
import type { Kept } from "../account/kept";
import type { Session } from "../account/session";
import { documentsAddress } from "../api/address";
import type { Mark } from "../state/drafts";
import { type Facts, NOTHING_KNOWN } from "../state/saving";
import { TrustedProvider } from "./provider";

export const ROOT = "default";

/** A browser that refuses to store anything never says so. */
const LONGEST_LOAD_MS = 2_000;
const TIMED_OUT = 4408;

export class Replica {
  readonly doc = new Y.Doc();
  readonly provider: TrustedProvider;
  private readonly socket: HocuspocusProviderWebsocket;
  private readonly factsSignal = signal<Facts>(NOTHING_KNOWN);
  private readonly earlierNotes: readonly string[];
  private lastToken = "";
  private isOver = false;
  private isNoted = false;

  /** Load what is kept on this device, then connect. */
  static async open(id: string, kept: Kept, session: Session): Promise<Replica> {
    const replica = new Replica(id, kept, session);
    await replica.load();
    replica.provider.attach();
    void replica.socket.connect();
    return replica;
  }

  private constructor(
    id: string,
    readonly kept: Kept,
    private readonly session: Session,
  ) {
    this.earlierNotes = kept.notes();
    this.socket = new HocuspocusProviderWebsocket({
      url: documentsAddress(),
      minDelay: 300,
      delay: 600,
      maxDelay: 8_000,
      autoConnect: false,
    });
    this.provider = new TrustedProvider({
      name: `${id}@${kept.generation}`,
      document: this.doc,
      websocketProvider: this.socket,
      ready: async () => {
        this.lastToken = await this.session.token();
      },
      // The server asks again on the open socket; an old token tells it that there is no other.
      token: () => this.session.token().catch(() => this.lastToken),
      onAuthenticated: ({ scope }) => this.admit(scope === "read-write" ? "write" : "read"),
      onAuthenticationFailed: ({ reason }) => this.end(reason),
      onSynced: () => this.know({ isSynced: true, hasContent: true }),
      onUnsyncedChanges: ({ number }) => this.count(number),
      onClose: ({ event }) => this.closed(event.code, event.reason),
      onMessage: ({ event }) => {
        if (TrustedProvider.isRefusal(new Uint8Array(event.data as ArrayBuffer))) this.know({ isRefused: true });
      },
      onOpen: () => this.know({ isConnected: true, scope: "none", isSynced: false, isRefused: false }),
    });
    this.doc.on("update", (_: Uint8Array, origin: unknown) => this.noteOwn(origin));
  }

  get root(): Y.XmlFragment {
    return this.doc.getXmlFragment(ROOT);
  }

  get facts(): ReadonlySignal<Facts> {
    return this.factsSignal;
  }

  get hasUnsaved(): boolean {
    return this.isNoted;
  }

  /** What this replica has been given here until now. */
  get mark(): Mark {
    const replica = this.doc.clientID;
    return { replica, clock: Y.getState(this.doc.store, replica) };
  }

  /** Whether it has what replicas, this one or earlier ones, had been given by then. */
  has(marks: readonly Mark[]): boolean {
    return marks.every(({ replica, clock }) => Y.getState(this.doc.store, replica) >= clock);
  }

  /** Disconnect. What is kept on this device stays. */
  close(): void {
    if (!this.isOver) this.disconnect();
    this.doc.destroy(); // closes the database
  }

  /** Disconnect, and forget what is kept on this device. */
  async forget(): Promise<void> {
    this.close();
    await this.kept.forget();
  }

  private async load(): Promise<void> {
    const database = new IndexeddbPersistence(this.kept.name, this.doc);
    const late = new Promise<false>((resolve) => setTimeout(resolve, LONGEST_LOAD_MS, false));
    const isLoaded = await Promise.race([database.whenSynced.then(() => true), late]);
    if (isLoaded) this.know({ isKept: true, hasContent: this.doc.store.clients.size > 0 });
    this.isNoted = this.earlierNotes.length > 0;
  }

  private admit(scope: "read" | "write"): void {
    const { isRefused } = this.factsSignal.value;
    this.know({ scope });
    // A change was refused that may be made now: the next handshake brings it.
    if (scope === "write" && isRefused) this.socket.webSocket?.close();
  }

  private count(unsaved: number): void {
    this.know({ unsaved });
    const { isConnected, isSynced, scope } = this.factsSignal.value;
    if (unsaved > 0 || !isConnected || !isSynced || scope === "none") return;
    this.isNoted = false;
    this.kept.erase(this.doc.clientID, this.earlierNotes);
  }

  /**
   * Remember that this window has changes of its own, in case it is closed before they are saved. Another window, which
   * has saved what this one had changed until then, may have erased the note.
   */
  private noteOwn(origin: unknown): void {
    if (origin === this.provider || origin instanceof IndexeddbPersistence) return;
    this.isNoted = true;
    if (!this.kept.has(this.doc.clientID)) this.kept.write(this.doc.clientID);
  }

  private closed(code: number, reason: string): void {
    const isOfDocument = code === 1000 && reason !== "";
    const isFinal = code >= 4400 && code <= 4499 && code !== TIMED_OUT;
    this.know({ isConnected: false, scope: "none", isSynced: false });
    if (isOfDocument || isFinal) this.end(reason);
  }

  private end(reason: string): void {
    if (this.isOver) return;
    this.disconnect();
    this.know({ ending: reason, isConnected: false, scope: "none" });
  }

  private disconnect(): void {
    this.isOver = true;
    this.provider.destroy();
    this.socket.destroy();
  }

  private know(part: Partial<Facts>): void {
    this.factsSignal.value = { ...this.factsSignal.value, ...part };
  }
}
