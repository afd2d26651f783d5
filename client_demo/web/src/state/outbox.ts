/** The queue of this person's changes on their way to the server: one at a time, in order, kept while there is no way. */

import { type ReadonlySignal, signal } from "@preact/signals";
import { SignedOut } from "../account/session";
import { Refused, Unavailable } from "../api/request";
import type { Task } from "../api/shapes";
import type { Board } from "./board";
import { type Change, conflicts, isMade } from "./change";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
const MOST_REBASES = 5;

/** Sends a change; the answer is the task after it, or null when it is gone. Raises Refused, Unavailable, SignedOut. */
export type Deliver = (change: Change) => Promise<Task | null>;

/** A change that the server refused, with the sentence to show for it. */
export interface Refusal {
  change: Change;
  message: string;
  /** The fields in which somebody else was first, for an edit. */
  conflicting: string[];
}

export class Outbox {
  private queue: Change[];
  private running: Promise<void> | null = null;
  private wakeUp: (() => void) | null = null;
  private isClosed = false;
  private readonly blocked = signal(false);

  /** `storage` is this tab's own: what was not sent before a reload is sent after it, under the same keys. */
  constructor(
    private readonly board: Board,
    private readonly deliver: Deliver,
    private readonly refused: (refusal: Refusal) => void,
    private readonly storage: Storage,
    private readonly storageKey: string,
  ) {
    this.queue = this.read();
    for (const change of this.queue) board.begin(change);
    this.run();
  }

  /** Whether changes wait because the server can't be reached. */
  get isBlocked(): ReadonlySignal<boolean> {
    return this.blocked;
  }

  /** Show the change at once, and send it when its turn comes. */
  add(change: Change): void {
    this.queue.push(change);
    this.write();
    this.board.begin(change);
    this.run();
  }

  /** The connection is back: don't wait out the pause. */
  wake(): void {
    this.wakeUp?.();
    this.run();
  }

  /** Stop sending. What is queued stays kept. */
  close(): void {
    this.isClosed = true;
    this.wakeUp?.();
  }

  /** Resolves when nothing is being sent (tests). */
  async idle(): Promise<void> {
    await this.running;
  }

  private run(): void {
    this.running ??= this.sendAll().finally(() => {
      this.running = null;
      if (this.queue.length > 0 && !this.isClosed && !this.blocked.value) this.run();
    });
  }

  private async sendAll(): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    while (this.queue.length > 0 && !this.isClosed) {
      const change = this.queue[0]!;
      try {
        await this.settle(change);
        this.shift();
        this.blocked.value = false;
        pause = FIRST_PAUSE_MS;
      } catch (failure) {
        if (failure instanceof SignedOut) {
          this.blocked.value = true;
          return;
        }
        if (!(failure instanceof Unavailable)) {
          // A fault of ours: take the change back and say so, rather than try for ever.
          this.refuse(change, "Something went wrong here; the change was taken back.");
          this.shift();
          reportError(failure);
          continue;
        }
        this.blocked.value = true;
        // Jittered, so that everybody's changes don't arrive together when a server is back.
        await this.sleep(failure.retryAfterSeconds ? failure.retryAfterSeconds * 1000 : pause * (0.5 + Math.random()));
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
        this.skipMade();
      }
    }
  }

  /** Send one change until it is made or refused. Raises Unavailable and SignedOut: then it is still to be made. */
  private async settle(change: Change, rebases = 0): Promise<void> {
    try {
      this.board.answer(change.mutation, await this.deliver(this.board.real(change)));
    } catch (failure) {
      if (!(failure instanceof Refused)) throw failure;
      if (change.kind === "delete" && failure.status === 404 && this.board.snapshot) {
        this.board.answer(change.mutation, null); // somebody else deleted it first, or our own try got through
        return;
      }
      const current = failure.status === 412 ? (failure.details[0] as Task | undefined) : undefined;
      if (change.kind !== "edit" || !current?.id) return this.refuse(change, failure.message);
      if (isMade(current, change.fields)) {
        this.board.answer(change.mutation, current); // an earlier try got through, only its answer was lost
        return;
      }
      const conflicting = conflicts(current, change.base);
      if (conflicting.length > 0 || rebases >= MOST_REBASES) return this.refuse(change, failure.message, conflicting);
      // Somebody changed other fields of the task: ours still fits the newer version.
      change.version = current.version;
      await this.settle(change, rebases + 1);
    }
  }

  private refuse(change: Change, message: string, conflicting: string[] = []): void {
    this.board.withdraw(change.mutation);
    this.refused({ change, message, conflicting });
    if (change.kind !== "create") return;
    // What was done to a task that never came to be can't be done either, and needs no second message.
    for (const other of this.queue.slice(1).filter((each) => each.task === change.task)) {
      this.board.withdraw(other.mutation);
      this.queue.splice(this.queue.indexOf(other), 1);
    }
  }

  /** Forget the first changes that the log shows to be made although their answers were lost. */
  private skipMade(): void {
    while (this.queue[0] && !this.board.isPending(this.queue[0].mutation)) this.shift();
  }

  private shift(): void {
    this.queue.shift();
    this.write();
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private write(): void {
    if (this.queue.length > 0) this.storage.setItem(this.storageKey, JSON.stringify(this.queue));
    else this.storage.removeItem(this.storageKey);
  }

  private read(): Change[] {
    try {
      const kept: unknown = JSON.parse(this.storage.getItem(this.storageKey) ?? "[]");
      return Array.isArray(kept) ? (kept as Change[]) : [];
    } catch {
      return [];
    }
  }
}
