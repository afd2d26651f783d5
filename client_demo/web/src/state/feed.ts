/** A project's activity, newest first: pages of the log on request, and live events. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { reportFault } from "../account/fault";
import { type Answer, Refused } from "../api/request";
import type { ProjectEvent } from "../api/shapes";

const PAGE = 50;

/** Live events push older ones out beyond this many, or beyond those that the person has asked for. */
const KEPT = 200;

type Get = (path: string) => Promise<Answer<ProjectEvent[]>>;

/** `expired`: earlier events are no longer kept. `broken`: by a fault of this program. */
export type FeedState = "idle" | "loading" | "failed" | "broken" | "complete" | "expired";

export class Feed {
  private readonly oldestFirst = signal<ProjectEvent[]>([]);
  private readonly stateSignal = signal<FeedState>("idle");
  private most = KEPT;
  /** Live events that came while the first page was on its way. */
  private early: ProjectEvent[] = [];

  readonly events: ReadonlySignal<ProjectEvent[]> = computed(() => this.oldestFirst.value.toReversed());

  constructor(
    private readonly projectId: string,
    private readonly get: Get,
  ) {}

  get state(): ReadonlySignal<FeedState> {
    return this.stateSignal;
  }

  /** Add a live event, once a page is asked for. Where events are missing before it, the list begins with it. */
  hear(event: ProjectEvent): void {
    const known = this.oldestFirst.value;
    const newest = known.at(-1);
    if (!newest) {
      if (this.stateSignal.value === "loading") this.early = joined(this.early, event, KEPT);
      return;
    }
    const events = joined(known, event, this.most);
    if (this.stateSignal.value === "complete" && events[0] !== known[0]) this.stateSignal.value = "idle";
    this.oldestFirst.value = events;
  }

  /** Load the page before the known events, or the newest page; `head` is the project's newest offset. */
  async more(head: number): Promise<void> {
    if (this.stateSignal.value === "loading") return;
    const before = this.oldestFirst.value[0]?.offset ?? head + 1;
    const after = Math.max(0, before - 1 - PAGE);
    if (before <= 1) {
      this.stateSignal.value = "complete";
      return;
    }
    this.stateSignal.value = "loading";
    try {
      const limit = before - 1 - after;
      const { body } = await this.get(`projects/${this.projectId}/events?after=${after}&limit=${limit}`);
      const page = body.filter((event) => event.offset < before);
      const known = this.oldestFirst.value;
      if (known[0] && known[0].offset !== before) {
        this.stateSignal.value = "idle"; // live events pushed out those that the page would lead to
        return;
      }
      const all = this.early.reduce((events, event) => joined(events, event, KEPT), [...page, ...known]);
      this.early = [];
      this.most = Math.max(this.most, all.length);
      this.oldestFirst.value = all;
      this.stateSignal.value = all[0]?.offset === 1 ? "complete" : "idle";
    } catch (failure) {
      const isExpired = failure instanceof Refused && failure.status === 410;
      this.stateSignal.value = isExpired ? "expired" : reportFault(failure) ? "broken" : "failed";
    }
  }
}

/** What these events, newest first, call things last, by their ids: events of a deletion have only the id. */
export function namesIn(events: readonly ProjectEvent[]): Map<string, string> {
  const names = new Map<string, string>();
  const learn = (id: string, name: string | undefined) => name !== undefined && !names.has(id) && names.set(id, name);
  for (const { data } of events) {
    if ("task" in data && "title" in data.task) learn(data.task.id, data.task.title);
    if ("document" in data && "title" in data.document) learn(data.document.id, data.document.title);
    if ("column" in data && "name" in data.column) learn(data.column.id, data.column.name);
    if ("label" in data && "name" in data.label) learn(data.label.id, data.label.name);
    if ("member" in data && "name" in data.member) learn(data.member.user_id, data.member.name);
    if ("new_labels" in data) for (const { id, name } of data.new_labels ?? []) learn(id, name);
  }
  return names;
}

/** The events with a later one, at most the newest `most`. After a gap there is only the later one. */
function joined(known: ProjectEvent[], event: ProjectEvent, most: number): ProjectEvent[] {
  const newest = known.at(-1)?.offset ?? event.offset - 1;
  if (event.offset <= newest) return known;
  return event.offset === newest + 1 ? [...known, event].slice(-most) : [event];
}
