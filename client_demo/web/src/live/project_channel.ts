/** One project, live: the snapshot and the events after it on their way into the board, and who is here. */

import { type ReadonlySignal, signal } from "@preact/signals";
import type { PublicationContext, Subscription } from "centrifuge";
import type { Session } from "../account/session";
import { Refused } from "../api/request";
import type { ProjectEvent, Snapshot } from "../api/shapes";
import type { Board } from "../state/board";
import type { Company } from "../state/company";
import type { Link } from "./link";

/** `gone`: no such project, or not for this person. `removed`: they could see it until now. `deleted`: nobody can. */
export type Access = "opening" | "open" | "gone" | "removed" | "deleted" | "failed";

export class ProjectChannel {
  private readonly accessSignal = signal<Access>("opening");
  private readonly subscribedSignal = signal(false);
  private readonly subscription: Subscription;
  private readonly listeners = new Set<(event: ProjectEvent) => void>();
  private loading: Promise<Snapshot> | null;
  private isReloading = false;

  constructor(
    private readonly projectId: string,
    private readonly board: Board,
    private readonly company: Company,
    private readonly session: Session,
    private readonly link: Link,
  ) {
    // The board is there as soon as HTTP is; the socket joins at its offset.
    this.loading = this.load();
    this.loading.catch(() => undefined); // told by `getState` and by `access`
    this.subscription = link.client.newSubscription(`project:${projectId}`, {
      joinLeave: true,
      recoverable: true,
      positioned: true,
      maxResubscribeDelay: 8_000,
      getState: () => this.position(),
    });
    this.listen();
    this.subscription.subscribe();
  }

  get access(): ReadonlySignal<Access> {
    return this.accessSignal;
  }

  /** Whether events arrive now. */
  get isLive(): ReadonlySignal<boolean> {
    return this.subscribedSignal;
  }

  /** Hear each event once, in order, after the board has it. */
  onEvent(listener: (event: ProjectEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Ask for the snapshot once more after a failure. */
  retry(): void {
    this.accessSignal.value = "opening";
    void this.reload();
  }

  close(): void {
    this.subscription.removeAllListeners();
    this.link.client.removeSubscription(this.subscription);
  }

  private listen(): void {
    const { subscription, company } = this;
    subscription.on("publication", (publication: PublicationContext) => this.receive(publication.data as ProjectEvent));
    subscription.on("subscribed", (context) => {
      this.subscribedSignal.value = true;
      company.self = this.link.clientId;
      if (context.wasRecovering && !context.recovered) void this.reload();
      void this.meet();
    });
    subscription.on("subscribing", () => {
      this.subscribedSignal.value = false;
    });
    subscription.on("unsubscribed", ({ code }) => {
      this.subscribedSignal.value = false;
      company.clear();
      // 0 is our own doing, 2 that of the client as a whole; anything else is the server's word on access.
      if (code !== 0 && code !== 2) void this.reconsider();
    });
    subscription.on("join", ({ info }) => company.join(info));
    subscription.on("leave", ({ info }) => company.leave(info));
  }

  /** Where to go live from: the SDK asks at the first subscribe, and again when the server can't recover. */
  private async position(): Promise<{ offset: number; epoch: string }> {
    const snapshot = await (this.loading ?? this.load());
    this.loading = null;
    return this.board.snapshot?.stream ?? snapshot.stream;
  }

  private async load(): Promise<Snapshot> {
    const included = this.board.answered();
    try {
      const { body } = await this.session.request<Snapshot>("GET", `projects/${this.projectId}/snapshot`);
      this.board.load(body, included);
      this.accessSignal.value = "open";
      return body;
    } catch (failure) {
      if (failure instanceof Refused && [403, 404, 422].includes(failure.status)) this.lose();
      else if (this.accessSignal.value === "opening") this.accessSignal.value = "failed";
      throw failure;
    }
  }

  /** A fresh snapshot under the reader's eyes: the old one stays on screen until the new one is there. */
  private async reload(): Promise<void> {
    if (this.isReloading) return;
    this.isReloading = true;
    try {
      await this.load();
    } catch {
      // Without a network the next subscribe loads it; a refusal is in `access` by now.
    } finally {
      this.isReloading = false;
    }
  }

  /** The server ended the subscription: either access is gone, or it changed and we may come back. */
  private async reconsider(): Promise<void> {
    await this.reload();
    if (this.accessSignal.value === "open") this.subscription.subscribe();
  }

  private receive(event: ProjectEvent): void {
    const outcome = this.board.apply(event);
    if (outcome === "gap") return void this.reload();
    if (outcome === "known") return;
    if (event.type === "project.deleted") this.accessSignal.value = "deleted";
    else if (event.type === "member.removed" && event.data.member.user_id === this.board.userId) this.lose();
    for (const listener of this.listeners) listener(event);
  }

  private lose(): void {
    if (this.accessSignal.value === "deleted") return;
    this.accessSignal.value = this.board.snapshot ? "removed" : "gone";
    this.subscription.unsubscribe();
  }

  private async meet(): Promise<void> {
    try {
      this.company.meet(Object.values((await this.subscription.presence()).clients));
    } catch {
      // The connection fell meanwhile; the next one asks again.
    }
  }
}
