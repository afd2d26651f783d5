/** The queue of this person's changes to the server, kept on this device: sent one at a time, in order, by one tab. */

import { batch, type ReadonlySignal, signal } from "@preact/signals";
import type { Difference, KeptMap } from "../account/kept_map";
import type { Exclusive } from "../account/lock";
import { SignedOut } from "../account/session";
import { Refused, Unavailable } from "../api/request";
import * as common from "../texts/common";
import { Backoff } from "./backoff";
import type { Board } from "./board";
import { type Change, isKnown, isNew, mentions, withIds } from "./change";
import { checkRepeatable } from "./repeatable";
import { type Answered, type Deliver, type Verdict, verdictOn } from "./verdict";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

/** A change that the server has not answered. */
export interface Waiting {
  project: string;
  change: Change;
  /** Sorts all changes of this person on this device. */
  order: number;
  /** For a new task or comment: when it was first sent. Its answer may have been lost. */
  tried_at: number | null;
}

/** A change that will not be made. */
export interface Refusal {
  project: string;
  change: Change;
  message: string;
  /** For an edit: the fields that somebody else changed first. */
  conflicting: string[];
  /** It goes with another one, a task that was never created. */
  isConsequence: boolean;
}

/** What the outbox tells. */
export interface OutboxListener {
  /** In the tab that has sent the change. */
  refused(refusal: Refusal): void;
  /** A task that this person created has the server's id. May be told again. */
  created(here: string, task: string): void;
}

/** Tells the boards of all tabs why changes have left the queue. `here` is the task's id before the answer. */
type Outcome = { kind: "made"; here: string; task: Answered | null } | { kind: "withdrawn" };

export class Outbox {
  private readonly boards = new Map<string, Board>();
  private readonly ids = new Map<string, string>();
  private readonly blocked = signal(false);
  private readonly backoff = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
  private readonly unlisten: () => void;
  private running: Promise<void> | null = null;
  private isClosed = false;

  /** `alone` runs work in one tab at a time. */
  constructor(
    private readonly changes: KeptMap<Waiting>,
    private readonly alone: Exclusive,
    private readonly deliver: Deliver,
    private readonly listener: OutboxListener,
  ) {
    this.unlisten = changes.onChange((difference) => this.show(difference));
    void changes.loaded.then(() => this.run());
  }

  /** Whether changes wait because the server can't be reached. */
  get isBlocked(): ReadonlySignal<boolean> {
    return this.blocked;
  }

  /** Show the project's changes on its board for as long as it is open. Returns what ends that. */
  attach(project: string, board: Board): () => void {
    this.boards.set(project, board);
    for (const { change, tried_at } of this.queue().filter((each) => each.project === project))
      board.begin(change, { isKept: true, wasSent: tried_at !== null });
    return () => {
      if (this.boards.get(project) === board) this.boards.delete(project);
    };
  }

  /** Show the changes at once, and send each when its turn comes. */
  add(project: string, changes: readonly Change[]): void {
    const last = this.queue().at(-1)?.order ?? 0;
    const order = Math.max(Date.now(), last + 1); // clocks are set back
    const waiting = changes.map((change, index) => ({ project, change, order: order + index, tried_at: null }));
    batch(() => {
      for (const change of changes) this.boards.get(project)?.begin(change);
      this.changes.change({ set: waiting.map((each) => [each.change.mutation, each] as const), gone: [] });
    });
    this.run();
  }

  /** The server has given a task of this device its own id. */
  name(here: string, task: string): void {
    this.ids.set(here, task);
    this.listener.created(here, task);
  }

  /** Send now instead of after the pause. */
  wake(): void {
    this.backoff.wake();
    this.run();
  }

  /** Stop sending. Changes stay on the device, for the next tab or sign-in. */
  close(): void {
    this.isClosed = true;
    this.unlisten();
    this.backoff.wake();
  }

  /** Resolves when nothing is being sent (tests). */
  async idle(): Promise<void> {
    await this.changes.loaded;
    await this.running;
  }

  private queue(): Waiting[] {
    const waiting = [...this.changes.all.peek().values()].filter(({ change }) => isKnown(change));
    return waiting.sort((a, b) => a.order - b.order);
  }

  private show({ set, gone, note }: Difference<Waiting>): void {
    batch(() => {
      for (const [, { project, change, tried_at }] of set) {
        const board = this.boards.get(project);
        if (board && isKnown(change) && !board.isPending(change.mutation))
          board.begin(change, { isKept: true, wasSent: tried_at !== null });
      }
    });
    const outcome = (note ?? { kind: "withdrawn" }) as Outcome;
    if (outcome.kind === "made" && outcome.task) this.ids.set(outcome.here, outcome.task.id);
    for (const mutation of gone) {
      for (const board of this.boards.values()) {
        if (outcome.kind === "made") board.answer(mutation, outcome.task);
        else board.withdraw(mutation);
      }
    }
    // Another tab may be closed before it sends what it has added.
    if (set.length > 0) this.run();
  }

  private run(): void {
    if (this.isClosed) return;
    this.running ??= this.sendAll().finally(() => {
      this.running = null;
      if (this.queue().length > 0 && !this.blocked.value) this.run();
    });
  }

  private async sendAll(): Promise<void> {
    await this.changes.loaded;
    this.backoff.reset();
    while (!this.isClosed) {
      const first = this.queue()[0];
      if (!first) break;
      try {
        await this.sendAlone(first.change.mutation);
        this.backoff.reset();
      } catch (failure) {
        this.blocked.value = true;
        if (failure instanceof SignedOut) return;
        if (!(failure instanceof Unavailable)) reportError(failure);
        await this.backoff.pause(failure instanceof Unavailable ? failure.retryAfterSeconds : null);
      }
    }
    this.blocked.value = false;
  }

  /** Send a change unless another tab has done so. After Unavailable or SignedOut it still has to be made. */
  private async sendAlone(mutation: string): Promise<void> {
    await this.changes.written(); // before the server can know of it
    await this.alone(async () => {
      if (this.isClosed) return;
      const waiting = await this.changes.fresh(mutation);
      if (!waiting) return this.changes.drop(mutation);
      const already = this.madeAlready(waiting);
      if (already) this.made(waiting, already);
      else await this.send(waiting);
      await this.changes.written(); // before another tab looks
    });
  }

  private async send(waiting: Waiting): Promise<void> {
    try {
      const begun = await this.begin(waiting);
      this.settle(begun, await verdictOn(this.deliver, begun.project, begun.change));
      this.blocked.value = false;
    } catch (failure) {
      if (failure instanceof SignedOut || failure instanceof Unavailable) throw failure;
      if (failure instanceof Refused) return this.refuse(waiting, failure.message);
      // A fault of ours: undo the change and say so, rather than try for ever.
      this.refuse(waiting, common.somethingWentWrong);
      reportError(failure);
    }
  }

  /** Note that something new is being sent. Raises Refused if the server no longer knows an earlier try. */
  private async begin(waiting: Waiting): Promise<Waiting> {
    const { tried_at } = waiting;
    const change = withIds(waiting.change, (id) => this.ids.get(id) ?? id);
    if (!isNew(change)) return { ...waiting, change };
    checkRepeatable(tried_at);
    if (tried_at !== null) return { ...waiting, change };
    const noted = { ...waiting, change, tried_at: Date.now() };
    this.changes.change({ set: [[change.mutation, noted]], gone: [] });
    await this.changes.written();
    return noted;
  }

  private settle(waiting: Waiting, verdict: Verdict): void {
    if (verdict.kind === "made") this.made(waiting, verdict.task);
    else if (verdict.kind === "refused") this.refuse(waiting, verdict.message, verdict.conflicting);
    else this.withdraw([waiting.change.mutation]);
  }

  private made({ change }: Waiting, task: Answered | null): void {
    const isCreated = change.kind === "create" && task !== null;
    if (isCreated) this.name(change.task, task.id);
    // Later changes name the task by its id from here, which the next tab would not know.
    const later = this.queue().filter((each) => isCreated && each.change.mutation !== change.mutation);
    const set = later
      .filter((each) => mentions(each.change, change.task))
      .map((each) => ({ ...each, change: withIds(each.change, (id) => this.ids.get(id) ?? id) }))
      .map((each) => [each.change.mutation, each] as const);
    const note: Outcome = { kind: "made", here: change.task, task };
    this.changes.change({ set, gone: [change.mutation], note });
  }

  private refuse(waiting: Waiting, message: string, conflicting: string[] = []): void {
    const { change } = waiting;
    const isMeant = (each: Waiting) => each.change.mutation === change.mutation;
    // Later changes of a task that was never created can't be made either.
    const others = this.queue().filter((each) => !isMeant(each) && each.change.task === change.task);
    const lost = [waiting, ...(change.kind === "create" ? others : [])];
    for (const each of lost) {
      const { project, change: undone } = each;
      this.listener.refused({ project, change: undone, message, conflicting, isConsequence: !isMeant(each) });
    }
    this.withdraw(lost.map((each) => each.change.mutation));
  }

  private withdraw(gone: string[]): void {
    this.changes.change({ set: [], gone, note: { kind: "withdrawn" } satisfies Outcome });
  }

  /** The task, if the change's event has come although its answer was lost. */
  private madeAlready({ project, change }: Waiting): Answered | null {
    const board = this.boards.get(project);
    if (!board?.snapshot || board.isPending(change.mutation)) return null;
    return { id: board.realId(change.task), version: 0 };
  }
}
