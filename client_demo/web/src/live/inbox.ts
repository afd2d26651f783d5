/** One's inbox, live: the number of unread entries, and the list that is on screen. */

import { type ReadonlySignal, signal } from "@preact/signals";
import { reportFault } from "../account/fault";
import type { Session } from "../account/session";
import { nextPage } from "../api/request";
import type { Notification, OwnEvent } from "../api/shapes";
import { addressOf, type Filter, put, withEvent } from "../state/inbox";
import type { Link } from "./link";

/** `broken`: by a fault of this program. */
export type ListState = "loading" | "ready" | "more" | "failed" | "broken";

export class Inbox {
  private readonly unreadSignal = signal(0);
  private readonly entriesSignal = signal<Notification[]>([]);
  private readonly stateSignal = signal<ListState>("loading");
  private filter: Filter | null = null;
  private next: string | null = null;
  /** How far the person's channel has come, as this window knows: what it told is on screen. */
  private offset = 0;
  private loads = 0;
  /** How many events have come. */
  private heard = 0;
  /** Those that came while a list was on its way, which may lack them; null if none is. */
  private meanwhile: OwnEvent[] | null = null;
  /** Resolves when the list is loaded from its beginning, or can't be. */
  private reloading: Promise<void> = Promise.resolve();

  constructor(
    private readonly session: Session,
    link: Link,
  ) {
    const { client } = link;
    client.on("connected", ({ data }) => this.count((data as { unread?: number } | undefined)?.unread));
    client.on("publication", ({ channel, data }) => {
      if (channel.startsWith("user:")) this.hear(data as OwnEvent);
    });
    client.on("subscribed", ({ channel, wasRecovering, recovered }) => {
      if (channel.startsWith("user:") && wasRecovering && !recovered) this.reload();
    });
  }

  get unread(): ReadonlySignal<number> {
    return this.unreadSignal;
  }

  get entries(): ReadonlySignal<Notification[]> {
    return this.entriesSignal;
  }

  get state(): ReadonlySignal<ListState> {
    return this.stateSignal;
  }

  get hasMore(): boolean {
    return this.next !== null;
  }

  private get hasFailed(): boolean {
    return this.stateSignal.value === "failed" || this.stateSignal.value === "broken";
  }

  /** Show a list. It follows the events until `close`. */
  show(filter: Filter): void {
    this.filter = filter;
    this.entriesSignal.value = [];
    this.stateSignal.value = "loading";
    this.reload();
  }

  close(): void {
    this.filter = null;
    this.loads++;
    this.meanwhile = null;
  }

  /** Load the list from its beginning; what is on screen stays until the answer. */
  reload(): void {
    if (this.filter) this.reloading = this.load(addressOf(this.filter), true);
  }

  /** Load the page after those here. Of a list that is being loaded again, it comes after that. */
  async more(): Promise<void> {
    const { filter } = this;
    if (!this.next || this.stateSignal.value === "more") return;
    this.stateSignal.value = "more";
    let reloading: Promise<void>;
    do {
      reloading = this.reloading;
      await reloading;
    } while (reloading !== this.reloading);
    if (!filter || this.filter !== filter || !this.next || this.hasFailed) return;
    this.stateSignal.value = "more";
    await this.load(this.next, false);
  }

  /** Raises what a request raises. */
  async change(entry: Notification, change: Record<string, unknown>): Promise<void> {
    const { heard } = this;
    const { body } = await this.session.request<Notification>("PATCH", `notifications/${entry.id}`, { body: change });
    // An event that came meanwhile may tell of a later change, by another device. The event of this one comes, too.
    if (this.filter && heard === this.heard)
      this.entriesSignal.value = put(this.entriesSignal.value, body, this.filter);
  }

  /** Mark as read what this window has been told of. Raises what a request raises. */
  async readAll(): Promise<void> {
    const { heard } = this;
    const body = { up_to: this.offset };
    const answer = await this.session.request<{ unread: number }>("POST", "notifications/read-all", { body });
    if (heard === this.heard) this.count(answer.body.unread); // or else an event has told a later number
    this.reload();
  }

  private hear(event: OwnEvent): void {
    this.heard++;
    this.meanwhile?.push(event);
    this.offset = Math.max(this.offset, event.offset);
    this.count(event.data.unread);
    if (!this.filter) return;
    const entries = withEvent(this.entriesSignal.value, event, this.filter);
    if (entries) this.entriesSignal.value = entries;
    else this.reload();
  }

  private async load(address: string, isFirst: boolean): Promise<void> {
    const load = ++this.loads; // an answer to an earlier question is out of date
    this.meanwhile = [];
    try {
      const { body, headers } = await this.session.request<Notification[]>("GET", address);
      if (load !== this.loads || !this.filter) return;
      this.next = nextPage(address, headers);
      const { filter } = this;
      const position = Number(headers.get("X-Stream-Offset"));
      const known = isFirst ? [] : this.entriesSignal.value;
      const found = body.reduce((list, entry) => put(list, entry, filter), known);
      // One that can't be applied to a list has asked for another list.
      const later = this.meanwhile?.filter(({ offset }) => offset > position) ?? [];
      this.entriesSignal.value = later.reduce((list, event) => withEvent(list, event, filter) ?? list, found);
      if (isFirst) this.offset = Math.max(this.offset, position);
      this.stateSignal.value = "ready";
    } catch (failure) {
      const state = reportFault(failure) ? "broken" : "failed";
      if (load === this.loads) this.stateSignal.value = state;
    } finally {
      if (load === this.loads) this.meanwhile = null;
    }
  }

  private count(unread: number | undefined): void {
    if (unread !== undefined) this.unreadSignal.value = unread;
  }
}
