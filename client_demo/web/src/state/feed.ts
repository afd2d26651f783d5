/** A project's history, newest first: pages of the log as they are asked for, and live events as they come. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { type Answer, Refused } from "../api/request";
import type { ProjectEvent } from "../api/shapes";

const PAGE = 50;

type Get = (path: string) => Promise<Answer<ProjectEvent[]>>;

/** `expired`: what lies before is no longer kept. */
export type FeedState = "idle" | "loading" | "failed" | "complete" | "expired";

export class Feed {
  private readonly oldestFirst = signal<ProjectEvent[]>([]);
  private readonly stateSignal = signal<FeedState>("idle");

  readonly events: ReadonlySignal<ProjectEvent[]> = computed(() => this.oldestFirst.value.toReversed());

  constructor(
    private readonly projectId: string,
    private readonly get: Get,
  ) {}

  get state(): ReadonlySignal<FeedState> {
    return this.stateSignal;
  }

  /** Take an event that has just happened. Nothing is kept before the first page is asked for. */
  hear(event: ProjectEvent): void {
    const newest = this.oldestFirst.value.at(-1);
    if (newest && event.offset > newest.offset) this.oldestFirst.value = [...this.oldestFirst.value, event];
  }

  /** Load the page of events before those known, or the newest page; `head` is the project's newest offset. */
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
      this.oldestFirst.value = [...page, ...this.oldestFirst.value];
      this.stateSignal.value = after === 0 ? "complete" : "idle";
    } catch (failure) {
      this.stateSignal.value = failure instanceof Refused && failure.status === 410 ? "expired" : "failed";
    }
  }
}
