/** The card in hand: where it was taken from, and where it would land if it were let go now. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { STATUSES, type Status, type Task } from "../api/shapes";
import { column } from "./change";

export type Columns = Record<Status, Task[]>;

/** A place on the board, counted without the card in hand. */
export interface Slot {
  status: Status;
  index: number;
}

export interface Held {
  task: Task;
  from: Slot;
  to: Slot;
  by: "pointer" | "keyboard";
}

export class Grip {
  private readonly heldSignal = signal<Held | null>(null);
  /** The tasks as the server and this person's changes have them. */
  readonly settled: ReadonlySignal<Columns>;
  /** The same with the card in hand where it would land. */
  readonly shown: ReadonlySignal<Columns>;

  constructor(tasks: ReadonlySignal<readonly Task[]>) {
    let last: Columns = { todo: [], in_progress: [], done: [] };
    this.settled = computed(() => {
      const next = columnsOf(tasks.value);
      // A column that stays the same stays the same object, so that it need not be drawn again.
      for (const status of STATUSES) if (isSame(last[status], next[status])) next[status] = last[status];
      last = next;
      return next;
    });
    this.shown = computed(() => {
      const held = this.heldSignal.value;
      return held ? withHeld(this.settled.value, held) : this.settled.value;
    });
  }

  get held(): ReadonlySignal<Held | null> {
    return this.heldSignal;
  }

  take(task: Task, by: Held["by"]): void {
    const index = this.settled.value[task.status].findIndex((other) => other.id === task.id);
    if (index < 0) return;
    const slot = { status: task.status, index };
    this.heldSignal.value = { task, from: slot, to: slot, by };
  }

  /** Carry the card to a slot; one that doesn't exist is the nearest that does. */
  carry(to: Slot): void {
    const held = this.heldSignal.value;
    if (!held) return;
    const room = without(this.settled.value[to.status], held.task.id).length;
    const index = Math.max(0, Math.min(to.index, room));
    if (held.to.status === to.status && held.to.index === index) return;
    this.heldSignal.value = { ...held, to: { status: to.status, index } };
  }

  /** Let go. Returns the move to make, or null where the card is back where it was. */
  drop(): { task: string; status: Status; after: string | null; before: string | null } | null {
    const held = this.heldSignal.value;
    this.heldSignal.value = null;
    if (!held) return null;
    const others = without(this.settled.value[held.to.status], held.task.id);
    const now = this.settled.value[held.to.status].findIndex((task) => task.id === held.task.id);
    if (now === held.to.index) return null;
    return {
      task: held.task.id,
      status: held.to.status,
      after: others[held.to.index - 1]?.id ?? null,
      before: others[held.to.index]?.id ?? null,
    };
  }

  cancel(): void {
    this.heldSignal.value = null;
  }
}

function columnsOf(tasks: readonly Task[]): Columns {
  return { todo: column(tasks, "todo"), in_progress: column(tasks, "in_progress"), done: column(tasks, "done") };
}

function withHeld(columns: Columns, held: Held): Columns {
  const shown = { ...columns };
  // It may have been moved or changed by somebody else while in hand: look in every column.
  let task = held.task;
  for (const status of STATUSES) {
    const found = columns[status].find((other) => other.id === held.task.id);
    if (!found) continue;
    task = found;
    shown[status] = without(columns[status], found.id);
  }
  shown[held.to.status] = shown[held.to.status].toSpliced(held.to.index, 0, task);
  return shown;
}

function without(tasks: Task[], id: string): Task[] {
  return tasks.filter((task) => task.id !== id);
}

function isSame(a: readonly Task[], b: readonly Task[]): boolean {
  return a.length === b.length && a.every((task, index) => task === b[index]);
}
