/** Feeds the board with the project's snapshot and the events after it, and the presence with joins and leaves. */

import { batch, computed, effect, type ReadonlySignal, signal, untracked } from "@preact/signals";
import type { PublicationContext, Subscription } from "centrifuge";
import { reportFault } from "../account/fault";
import type { KeptBoards } from "../account/kept_boards";
import type { Session } from "../account/session";
import { Refused, Unavailable } from "../api/request";
import type { ProjectEvent, Snapshot } from "../api/shapes";
import type { Board } from "../state/board";
import type { Presence } from "../state/presence";
import { BoardKeeper } from "./board_keeper";
import { EachFrame } from "./frame";
import type { Link } from "./link";

/** `gone`: no such project for this person. `removed`: they could see it until now. `deleted`: nobody can. */
export type Access = "opening" | "open" | "gone" | "removed" | "deleted" | "failed";

/** Nobody notices a shorter break, and nobody's face needs to go for it. */
const SHORT_BREAK_MS = 700;

/** A person who waits for longer is shown what this device has kept, until the server answers. */
const LONGEST_BLANK_MS = 4_000;

export class ProjectChannel {
  private readonly accessSignal = signal<Access>("opening");
  private readonly subscribedSignal = signal(false);
  private readonly asOfSignal = signal<number | null>(null);
  private readonly keeper: BoardKeeper;
  private readonly subscription: Subscription;
  private readonly listeners = new Set<(event: ProjectEvent) => void>();
  /** Events of this frame. A burst is shown frame by frame, not event by event, which would block the window. */
  private arrived: ProjectEvent[] = [];
  private readonly frame = new EachFrame(() => this.takeArrived());
  private loading: Promise<Snapshot> | null;
  private isReloading = false;
  private readonly endings: (() => void)[];
  private hiding: ReturnType<typeof setTimeout> | undefined;
  private readonly blank: ReturnType<typeof setTimeout>;

  constructor(
    private readonly projectId: string,
    private readonly board: Board,
    private readonly presence: Presence,
    private readonly session: Session,
    private readonly link: Link,
    private readonly kept: KeptBoards,
  ) {
    this.keeper = new BoardKeeper(board, kept, () => this.asOfSignal.peek() === null);
    this.blank = setTimeout(() => void this.showKept(), LONGEST_BLANK_MS);
    // The board appears as soon as HTTP answers; the socket continues at its offset.
    this.loading = this.load();
    this.loading.catch(() => undefined); // `getState` and `access` report it
    this.subscription = link.client.newSubscription(`project:${projectId}`, {
      joinLeave: true,
      recoverable: true,
      positioned: true,
      maxResubscribeDelay: 8_000,
      getState: () => this.position(),
    });
    this.listen();
    const isUp = computed(() => link.state.value.kind === "live");
    this.endings = [
      effect(() => this.followLink(isUp.value)),
      effect(() => {
        // Asked again after an outage.
        if (isUp.value && board.isUnsure.value) untracked(() => void this.reload());
      }),
    ];
    this.subscription.subscribe();
  }

  get access(): ReadonlySignal<Access> {
    return this.accessSignal;
  }

  /** Whether events arrive now. */
  get isLive(): ReadonlySignal<boolean> {
    return this.subscribedSignal;
  }

  /** When the board was as it is shown, if it comes from this device and the server has not answered; else null. */
  get asOf(): ReadonlySignal<number | null> {
    return this.asOfSignal;
  }

  /** Call the listener with each event once, in order, after the board has it. Events of one frame come in one batch. */
  onEvent(listener: (event: ProjectEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Load the snapshot again after a failure. */
  retry(): void {
    this.accessSignal.value = "opening";
    void this.reload();
  }

  close(): void {
    for (const end of this.endings) end();
    clearTimeout(this.hiding);
    clearTimeout(this.blank);
    this.keeper.close();
    this.frame.cancel();
    this.subscription.removeAllListeners();
    this.link.client.removeSubscription(this.subscription);
  }

  private listen(): void {
    const { subscription, presence } = this;
    subscription.on("publication", (publication: PublicationContext) => {
      this.arrived.push(publication.data as ProjectEvent);
      this.frame.ask();
    });
    subscription.on("subscribed", (context) => {
      this.subscribedSignal.value = true;
      presence.self = this.link.clientId;
      if (context.wasRecovering && !context.recovered) void this.reload();
      void this.loadPresence();
    });
    subscription.on("subscribing", () => {
      this.subscribedSignal.value = false;
    });
    subscription.on("unsubscribed", ({ code }) => {
      this.subscribedSignal.value = false;
      presence.clear();
      // 0 is our own unsubscribe, 2 a disconnect of the client; any other code is the server's, and about access.
      if (code !== 0 && code !== 2) void this.reconsider();
    });
    subscription.on("join", ({ info }) => presence.join(info));
    subscription.on("leave", ({ info }) => presence.leave(info));
  }

  /** While this window hears nothing, it doesn't know who is there. */
  private followLink(isUp: boolean): void {
    clearTimeout(this.hiding);
    if (!isUp) this.hiding = setTimeout(() => this.presence.clear(), SHORT_BREAK_MS);
    else if (this.subscribedSignal.peek()) void this.loadPresence();
  }

  /** The position to subscribe from; the SDK asks at first, and whenever the server can't recover. */
  private async position(): Promise<{ offset: number; epoch: string }> {
    const loading = this.loading ?? this.load();
    this.loading = null; // a failed one is tried again
    const snapshot = await loading;
    return this.board.snapshot?.stream ?? snapshot.stream;
  }

  private async load(): Promise<Snapshot> {
    const included = this.board.answered();
    try {
      const { body } = await this.session.request<Snapshot>("GET", `projects/${this.projectId}/snapshot`);
      batch(() => {
        this.board.load(body, included);
        this.asOfSignal.value = null;
        this.accessSignal.value = "open";
      });
      return body;
    } catch (failure) {
      reportFault(failure);
      if (failure instanceof Refused && failure.isOfServer && [403, 404, 422].includes(failure.status)) this.lose();
      else {
        const isAway = failure instanceof Unavailable || failure instanceof Refused;
        const isShown = isAway && (await this.showKept());
        if (!isShown && this.accessSignal.peek() === "opening") this.accessSignal.value = "failed";
      }
      throw failure;
    }
  }

  /** Show what this device has kept, if the server has not answered. Returns whether anything is shown now. */
  private async showKept(): Promise<boolean> {
    if (this.accessSignal.peek() === "opening") {
      const kept = await this.kept.find(this.projectId);
      if (kept && this.accessSignal.peek() === "opening") {
        batch(() => {
          this.board.load(kept.snapshot, new Set());
          this.asOfSignal.value = kept.seen_at;
          this.accessSignal.value = "open";
        });
      }
    }
    return this.accessSignal.peek() === "open";
  }

  /** Load a fresh snapshot; the old one stays on screen until then. */
  private async reload(): Promise<void> {
    if (this.isReloading) return;
    this.isReloading = true;
    try {
      do await this.load();
      while (this.board.isUnsure.peek()); // of what was answered meanwhile
    } catch {
      // Without a network the next subscribe loads it; `access` has a refusal by now.
    } finally {
      this.isReloading = false;
    }
  }

  /** After the server ended the subscription: access is gone, or has changed and a new subscription works. */
  private async reconsider(): Promise<void> {
    await this.reload();
    if (this.accessSignal.value === "open") this.subscription.subscribe();
  }

  private takeArrived(): void {
    const events = this.arrived;
    this.arrived = [];
    batch(() => {
      for (const event of events) this.receive(event);
    });
  }

  private receive(event: ProjectEvent): void {
    const outcome = this.board.apply(event);
    if (outcome === "gap") return void this.reload();
    if (outcome === "known") return;
    if (event.type === "project.deleted") {
      this.accessSignal.value = "deleted";
      void this.kept.forget(this.projectId);
    } else if (event.type === "member.removed" && event.data.member.user_id === this.board.userId) this.lose();
    for (const listener of this.listeners) listener(event);
  }

  private lose(): void {
    if (this.accessSignal.value === "deleted") return;
    this.accessSignal.value = this.board.snapshot ? "removed" : "gone";
    this.keeper.close();
    void this.kept.forget(this.projectId);
    this.subscription.unsubscribe();
  }

  private async loadPresence(): Promise<void> {
    try {
      await this.presence.ask(async () => Object.values((await this.subscription.presence()).clients));
    } catch {
      // The connection was lost meanwhile; the next one asks again.
    }
  }
}
