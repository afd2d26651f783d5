/** The carried card: its old place, and where it would land now. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Column, Task } from "../api/shapes";
import { type Arrangement, AS_IT_IS, type Sort, sorted } from "./arrangement";
import { type Columns, sortInto } from "./columns";

/** A place on the board, counted among the cards on screen without the carried one. */
export interface Slot {
  column: string;
  index: number;
}

export interface Held {
  task: Task;
  from: Slot;
  to: Slot;
  by: "pointer" | "keyboard";
}

export interface Move {
  task: string;
  column: string;
  after: string | null;
  before: string | null;
}

/** What a board shows. */
interface Content {
  columns: readonly Column[];
  tasks: readonly Task[];
}

/** The tasks that pass the person's filter, by id; null if all do. */
export type Matches = ReadonlySet<string> | null;

export class Grip {
  private readonly heldSignal = signal<Held | null>(null);
  /** All tasks by hand's order, without the carried card's new place. */
  readonly settled: ReadonlySignal<Columns>;
  /** All tasks in each column's order, with the carried card where it would land. */
  readonly shown: ReadonlySignal<Columns>;
  /** Of those, the ones on screen: not filtered out, nor in a collapsed column. */
  readonly visible: ReadonlySignal<Columns>;
  private readonly arranged: ReadonlySignal<Columns>;

  constructor(
    content: ReadonlySignal<Content | null>,
    readonly matches: ReadonlySignal<Matches> = signal(null),
    private readonly arrangement: ReadonlySignal<Arrangement> = signal(AS_IT_IS),
  ) {
    this.settled = stable(() => {
      const { columns, tasks } = content.value ?? { columns: [], tasks: [] };
      return sortInto(columns, tasks);
    });
    this.arranged = stable(() => mapColumns(this.settled.value, (tasks, column) => sorted(tasks, this.sortOf(column))));
    this.shown = computed(() => {
      const held = this.heldSignal.value;
      return held ? this.withHeld(this.arranged.value, held) : this.arranged.value;
    });
    this.visible = computed(() => {
      const held = this.heldSignal.value?.task.id;
      const { collapsed } = arrangement.value;
      return mapColumns(this.shown.value, (tasks, column) =>
        collapsed.includes(column) ? [] : tasks.filter((task) => task.id === held || this.isMatch(task)),
      );
    });
  }

  get held(): ReadonlySignal<Held | null> {
    return this.heldSignal;
  }

  sortOf(column: string): Sort {
    return this.arrangement.value.sorts[column] ?? "hand";
  }

  /** The tasks of a column that the task would be put between: those that the filter lets pass. */
  others(column: string, { id }: Task): Task[] {
    return without(this.matching(column), id);
  }

  take(task: Task, by: Held["by"]): void {
    const column = task.column_id;
    const index = this.matching(column).findIndex((other) => other.id === task.id);
    if (index < 0) return;
    const slot = { column, index };
    this.heldSignal.value = { task, from: slot, to: slot, by };
  }

  /** Carry the card to a slot, or the nearest one that it can have in its column: a sorted one leaves no choice. */
  carry(to: Slot): void {
    const held = this.heldSignal.value;
    if (!held || !this.settled.value[to.column]) return;
    const others = this.others(to.column, held.task);
    const sort = this.sortOf(to.column);
    const index =
      sort === "hand"
        ? Math.max(0, Math.min(to.index, others.length))
        : sorted([...others, held.task], sort).indexOf(held.task);
    if (held.to.column === to.column && held.to.index === index) return;
    this.heldSignal.value = { ...held, to: { column: to.column, index } };
  }

  /** Put the card down. Returns the move to make, or null if the card is where it was, or its column is gone. */
  drop(): Move | null {
    const held = this.heldSignal.value;
    this.heldSignal.value = null;
    if (!held || !this.settled.value[held.to.column]) return null;
    const { id } = held.task;
    const { column, index } = held.to;
    const now = this.matching(column).findIndex((task) => task.id === id);
    const isSorted = this.sortOf(column) !== "hand";
    if (now === index || (isSorted && now >= 0)) return null;
    const others = without(this.settled.value[column]!, id);
    const place = isSorted ? others.length : this.placeIn(others, index);
    return { task: id, column, after: others[place - 1]?.id ?? null, before: others[place]?.id ?? null };
  }

  cancel(): void {
    this.heldSignal.value = null;
  }

  private isMatch({ id }: Task): boolean {
    return this.matches.value === null || this.matches.value.has(id);
  }

  private matching(column: string): Task[] {
    return (this.arranged.value[column] ?? []).filter((task) => this.isMatch(task));
  }

  private withHeld(columns: Columns, held: Held): Columns {
    const goal = columns[held.to.column];
    if (!goal) return columns; // somebody has deleted it meanwhile
    const shown: Record<string, Task[]> = { ...columns };
    // Somebody else may have moved or changed it meanwhile: look in every column.
    let task = held.task;
    for (const [id, tasks] of Object.entries(columns)) {
      const found = tasks.find((other) => other.id === held.task.id);
      if (!found) continue;
      task = found;
      shown[id] = without(tasks, found.id);
    }
    const others = without(goal, task.id);
    shown[held.to.column] = others.toSpliced(this.placeIn(others, held.to.index), 0, task);
    return shown;
  }

  /** The index among all these tasks that follows the card on screen above the slot; hidden ones come after it. */
  private placeIn(tasks: Task[], index: number): number {
    const seen = tasks.filter((task) => this.isMatch(task));
    const above = seen[index - 1];
    if (above) return tasks.indexOf(above) + 1;
    return seen[index] ? tasks.indexOf(seen[index]) : tasks.length;
  }
}

/** Computed columns, of which an unchanged one stays the same object, so that it is not redrawn. */
function stable(compute: () => Record<string, Task[]>): ReadonlySignal<Columns> {
  let last: Columns = {};
  return computed(() => {
    const next = compute();
    for (const [id, list] of Object.entries(next)) if (isSame(last[id], list)) next[id] = last[id]!;
    last = next;
    return next;
  });
}

function mapColumns(columns: Columns, map: (tasks: Task[], column: string) => Task[]): Record<string, Task[]> {
  return Object.fromEntries(Object.entries(columns).map(([id, tasks]) => [id, map(tasks, id)]));
}

function without(tasks: Task[], id: string): Task[] {
  return tasks.filter((task) => task.id !== id);
}

function isSame(a: readonly Task[] | undefined, b: readonly Task[]): boolean {
  return a !== undefined && a.length === b.length && a.every((task, index) => task === b[index]);
}
