/** The comments of one task: pages from the server, newest first, kept current by events. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { reportFault } from "../account/fault";
import { type Answer, nextPage } from "../api/request";
import type { Comment, ProjectEvent } from "../api/shapes";
import type { Change } from "./change";
import { alwaysHasEvent, predictComments, threadOf, withComment } from "./comment_change";

const PAGE = 100;

/** `broken`: by a fault of this program. */
export type DiscussionState = "loading" | "failed" | "broken" | "ready";

/** A comment with its replies. `first` is null while only later replies of a long thread are loaded. */
export interface Thread {
  id: string;
  first: Comment | null;
  replies: Comment[];
}

type Get = (path: string) => Promise<Answer<Comment[]>>;

export class Discussion {
  /** By thread and then by id, oldest first, from some place to the end. */
  private readonly loaded = signal<readonly Comment[]>([]);
  private readonly stateSignal = signal<DiscussionState>("loading");
  /** Where the comments before those are; null if there are none. */
  private readonly earlier = signal<string | null>(null);
  /** What happened while a page was on its way: the page may have it or lack it. */
  private heardMeanwhile: ProjectEvent[] = [];
  private requests = 0;

  readonly threads: ReadonlySignal<Thread[]> = computed(() =>
    inThreads(predictComments(this.loaded.value, this.taskId, this.changes.value)),
  );

  readonly hasEarlier: ReadonlySignal<boolean> = computed(() => this.earlier.value !== null);

  /** `changes` are this person's, which the server has not told of yet. */
  constructor(
    readonly taskId: string,
    private readonly projectId: string,
    private readonly changes: ReadonlySignal<readonly Change[]>,
    private readonly get: Get,
  ) {}

  get state(): ReadonlySignal<DiscussionState> {
    return this.stateSignal;
  }

  /** Load the newest page, in place of what is here. */
  async load(): Promise<void> {
    await this.read(`projects/${this.projectId}/tasks/${this.taskId}/comments?newest_first=true&limit=${PAGE}`, []);
  }

  /** Load the page before. */
  async more(): Promise<void> {
    if (this.earlier.value !== null) await this.read(this.earlier.value, null);
  }

  /** Take an event of the project, in its turn. */
  hear(event: ProjectEvent): void {
    if (!("comment" in event.data) || event.data.comment.task_id !== this.taskId) return;
    if (this.stateSignal.value === "loading") this.heardMeanwhile.push(event);
    this.apply(event);
  }

  /** A change of this person's is made; its event comes later, or not at all if it changed nothing. */
  settle(change: Change): void {
    if (change.kind !== "comment" || alwaysHasEvent(change)) return;
    this.loaded.value = predictComments(this.loaded.value, this.taskId, [change]);
  }

  private async read(path: string, before: readonly Comment[] | null): Promise<void> {
    const request = ++this.requests;
    this.stateSignal.value = "loading";
    this.heardMeanwhile = [];
    try {
      const { body, headers } = await this.get(path);
      if (request !== this.requests) return; // a newer one is on its way
      this.earlier.value = nextPage(path, headers);
      this.loaded.value = body.reduce<readonly Comment[]>(withComment, before ?? this.loaded.value);
      this.stateSignal.value = "ready";
      for (const event of this.heardMeanwhile.splice(0)) this.apply(event);
    } catch (failure) {
      const state = reportFault(failure) ? "broken" : "failed";
      if (request === this.requests) this.stateSignal.value = state;
    }
  }

  private apply(event: ProjectEvent): void {
    switch (event.type) {
      case "comment.created":
        if (!this.isBeforeLoaded(event.data.comment)) this.put(event.data.comment);
        if (event.data.restored && this.lacksFirst(event.data.comment)) void this.load(); // a tombstone came back too
        break;
      case "comment.updated":
        if (this.loaded.value.some(({ id }) => id === event.data.comment.id)) this.put(event.data.comment);
        break;
      case "comment.deleted":
        this.loaded.value = withoutComment(this.loaded.value, event.data.comment.id, event.at);
        break;
    }
  }

  private put(comment: Comment): void {
    this.loaded.value = withComment(this.loaded.value, comment);
  }

  private lacksFirst({ parent_id }: Comment): boolean {
    return parent_id !== null && !this.loaded.value.some(({ id }) => id === parent_id);
  }

  /** Whether it belongs to a page that is not loaded. */
  private isBeforeLoaded(comment: Comment): boolean {
    const oldest = this.loaded.value[0];
    return this.earlier.value !== null && oldest !== undefined && threadOf(comment) < threadOf(oldest);
  }
}

/** The comments without this one, or with a tombstone in its place, as the server leaves it above replies. */
function withoutComment(comments: readonly Comment[], id: string, at: string): readonly Comment[] {
  const comment = comments.find((each) => each.id === id);
  if (!comment) return comments;
  const others = comments.filter((each) => each !== comment && threadOf(each) === threadOf(comment));
  if (comment.parent_id === null && others.length > 0) {
    const tombstone = { ...comment, body: "", mentions: [], reactions: [], deleted_at: at };
    return comments.map((each) => (each === comment ? tombstone : each));
  }
  const lonely = others.length === 1 && others[0]!.deleted_at !== null ? others[0] : null;
  return comments.filter((each) => each !== comment && each !== lonely);
}

function inThreads(comments: readonly Comment[]): Thread[] {
  const threads = new Map<string, Thread>();
  for (const comment of comments) {
    const id = threadOf(comment);
    const thread = threads.get(id) ?? { id, first: null, replies: [] };
    threads.set(id, thread);
    if (comment.parent_id === null) thread.first = comment;
    else thread.replies.push(comment);
  }
  return [...threads.values()];
}
