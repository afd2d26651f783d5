/** The cards that a person has selected, to change them together. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Task } from "../api/shapes";
import type { Columns } from "./columns";

/** What can be selected: the cards that are shown, which may only be some of the project's. */
export interface Selectable {
  /** The ids of the columns, from left to right. */
  order: readonly string[];
  columns: Columns;
}

const NONE: readonly Task[] = [];
const NOTHING: ReadonlySignal<Selectable> = signal({ order: [], columns: {} });

export class Selection {
  private readonly chosen = signal<ReadonlySet<string>>(new Set());
  /** Where a range begins. */
  private anchor: string | null = null;
  /** The lasting ids of the selected cards. One that is deleted or hidden is not selected any more. */
  readonly names: ReadonlySignal<ReadonlySet<string>>;
  /** The selected tasks, from left to right and top to bottom. */
  readonly tasks: ReadonlySignal<readonly Task[]>;

  private readonly source = signal<ReadonlySignal<Selectable>>(NOTHING);

  /** `lastingId` gives a card's name in this window. */
  constructor(private readonly lastingId: (id: string) => string) {
    this.tasks = computed(() => {
      const chosen = this.chosen.value;
      if (chosen.size === 0) return NONE;
      return all(this.source.value.value).filter((task) => chosen.has(this.lastingId(task.id)));
    });
    let last: ReadonlySet<string> = new Set();
    this.names = computed(() => {
      const names = this.tasks.value.map((task) => this.lastingId(task.id));
      if (names.length !== last.size || names.some((name) => !last.has(name))) last = new Set(names);
      return last;
    });
  }

  /** Let these cards be selected. Returns what ends that. */
  show(source: ReadonlySignal<Selectable>): () => void {
    this.source.value = source;
    return () => {
      this.clear();
      this.source.value = NOTHING;
    };
  }

  get size(): number {
    return this.names.value.size;
  }

  has(name: string): boolean {
    return this.names.value.has(name);
  }

  /** Select the card, or no longer. */
  toggle(name: string): void {
    const next = new Set(this.names.value);
    if (!next.delete(name)) next.add(name);
    this.anchor = name;
    this.chosen.value = next;
  }

  /** Select all cards from the one that was selected last to this one. */
  extend(name: string): void {
    const names = all(this.source.value.value).map((task) => this.lastingId(task.id));
    const from = this.anchor === null ? -1 : names.indexOf(this.anchor);
    const to = names.indexOf(name);
    if (from < 0 || to < 0) {
      this.toggle(name);
      return;
    }
    const range = names.slice(Math.min(from, to), Math.max(from, to) + 1);
    this.chosen.value = new Set([...this.names.value, ...range]);
  }

  /** Select all cards of a column beside those that are selected. */
  addColumn(column: string): void {
    const tasks = this.source.value.value.columns[column] ?? [];
    this.chosen.value = new Set([...this.names.value, ...tasks.map((task) => this.lastingId(task.id))]);
  }

  clear(): void {
    this.anchor = null;
    this.chosen.value = new Set();
  }
}

function all({ order, columns }: Selectable): Task[] {
  return order.flatMap((column) => columns[column] ?? []);
}
