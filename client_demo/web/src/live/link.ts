/** This tab's connection to the event socket, and its state for people. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { Centrifuge, UnauthorizedError } from "centrifuge";
import { type Session, SignedOut } from "../account/session";
import { socketAddress } from "../api/address";

/** `stopped`: the server closed the connection for good and said why. Times are of `Date.now()`. */
export type LinkState =
  | { kind: "connecting" }
  | { kind: "live" }
  | { kind: "reconnecting"; since: number }
  | { kind: "offline"; since: number }
  | { kind: "stopped"; reason: string };

export class Link {
  readonly client: Centrifuge;
  /** The server's name for this connection, once there is one. */
  clientId: string | null = null;
  private readonly network = signal(navigator.onLine);
  private readonly socket = signal<"first" | "up" | "down" | "stopped">("first");
  private readonly reason = signal("");
  private readonly downSince = signal(Date.now());
  private readonly unlisten: () => void;

  readonly state: ReadonlySignal<LinkState> = computed(() => {
    if (this.socket.value === "stopped") return { kind: "stopped", reason: this.reason.value };
    if (!this.network.value) return { kind: "offline", since: this.downSince.value };
    if (this.socket.value === "up") return { kind: "live" };
    if (this.socket.value === "first") return { kind: "connecting" };
    return { kind: "reconnecting", since: this.downSince.value };
  });

  constructor(private readonly session: Session) {
    this.client = new Centrifuge(socketAddress(), {
      name: "roomful-board",
      minReconnectDelay: 400,
      maxReconnectDelay: 8_000, // the client adds jitter below it; a board that waits longer looks dead
      getToken: () => this.token(),
    });
    this.client.on("connected", ({ client }) => {
      this.clientId = client;
      this.socket.value = "up";
    });
    this.client.on("connecting", () => this.fall());
    this.client.on("disconnected", ({ code, reason }) => this.stop(code, reason));
    const listen = () => {
      if (this.network.value && !navigator.onLine) this.downSince.value = Date.now();
      this.network.value = navigator.onLine;
    };
    window.addEventListener("online", listen);
    window.addEventListener("offline", listen);
    this.unlisten = () => {
      window.removeEventListener("online", listen);
      window.removeEventListener("offline", listen);
    };
    this.client.connect();
  }

  /** Reconnect now instead of after the pause. */
  retry(): void {
    this.client.disconnect();
    if (this.socket.value === "stopped") this.socket.value = "down";
    this.client.connect();
  }

  close(): void {
    this.unlisten();
    this.client.removeAllListeners();
    this.client.disconnect();
  }

  private fall(): void {
    if (this.socket.value !== "up") return;
    this.downSince.value = Date.now();
    this.socket.value = "down";
  }

  private stop(code: number, reason: string): void {
    if (code === 0) return; // our own `disconnect`
    this.reason.value = reason;
    this.socket.value = "stopped";
    // Usually the sign-in has ended: this request finds out, so that the person sees that instead of a code.
    this.session.request("GET", "auth/me").catch(() => undefined);
  }

  private async token(): Promise<string> {
    try {
      return await this.session.token();
    } catch (failure) {
      if (failure instanceof SignedOut) throw new UnauthorizedError(failure.message);
      throw failure;
    }
  }
}
