/** The order of a column's tasks as one person wants to see it. */

import type { Task } from "../api/shapes";
import { sortNames } from "../texts/columns";

export type Sort = keyof typeof sortNames;

/** How this person's board is arranged; signals of it hold no tasks. */
export interface Arrangement {
  /** Columns that are missing here are sorted by hand. */
  sorts: Readonly<Record<string, Sort>>;
  /** Columns that show only their head. */
  collapsed: readonly string[];
}

export const AS_IT_IS: Arrangement = { sorts: {}, collapsed: [] };

export function isSort(value: unknown): value is Sort {
  return typeof value === "string" && Object.hasOwn(sortNames, value);
}

const BY_TITLE = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

const COMPARE: Record<Exclude<Sort, "hand">, (a: Task, b: Task) => number> = {
  due: (a, b) => compareDays(a.due_on, b.due_on),
  title: (a, b) => BY_TITLE.compare(a.title, b.title),
  newest: (a, b) => Date.parse(b.created_at) - Date.parse(a.created_at),
};

/** The tasks in that order; equal ones stay in the order that they have by hand. */
export function sorted(tasks: Task[], sort: Sort): Task[] {
  return sort === "hand" ? tasks : tasks.toSorted(COMPARE[sort]);
}

/** Earlier days first, then none. */
export function compareDays(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  return a < b ? -1 : 1;
}

export function compareTitles(a: string, b: string): number {
  return BY_TITLE.compare(a, b);
}
