/** The orders of the list of tasks. */

import type { Column, Member, Task } from "../api/shapes";
import { compareDays, compareTitles } from "./arrangement";
import { byPosition } from "./columns";

export const LIST_KEYS = ["number", "title", "column", "assignee", "due"] as const;
export type ListKey = (typeof LIST_KEYS)[number];
/** Ascending, or with a `-` before it descending. */
export type ListSort = ListKey | `-${ListKey}`;

/** What the order depends on besides the tasks. */
interface Around {
  columns: readonly Column[];
  members: ReadonlyMap<string, Member>;
}

export function isListSort(value: unknown): value is ListSort {
  return typeof value === "string" && (LIST_KEYS as readonly string[]).includes(value.replace(/^-/, ""));
}

export function keyOf(sort: ListSort): ListKey {
  return sort.replace(/^-/, "") as ListKey;
}

/** The sort after a press on a column's head: ascending, descending, as on the board. */
export function nextSort(sort: ListSort | null, key: ListKey): ListSort | null {
  if (sort === key) return `-${key}`;
  return sort === `-${key}` ? null : key;
}

/** The tasks in that order; what is missing, a date or an assignee, comes last both ways. */
export function sortedList(tasks: readonly Task[], sort: ListSort | null, { columns, members }: Around): Task[] {
  const place = new Map(columns.toSorted(byPosition).map(({ id }, index) => [id, index]));
  const placeOf = (task: Task) => place.get(task.column_id) ?? place.size;
  const asOnBoard = (a: Task, b: Task) => placeOf(a) - placeOf(b) || byPosition(a, b);
  if (sort === null) return tasks.toSorted(asOnBoard);
  const assignee = ({ assignee_id }: Task) => (assignee_id ? (members.get(assignee_id)?.name ?? "") : null);
  const isDescending = sort.startsWith("-");
  const turn = isDescending ? -1 : 1;
  const compare: Record<ListKey, (a: Task, b: Task) => number> = {
    number: (a, b) => turn * ((a.number || Infinity) - (b.number || Infinity) || 0),
    title: (a, b) => turn * compareTitles(a.title, b.title),
    column: (a, b) => turn * (placeOf(a) - placeOf(b)),
    assignee: (a, b) => missingLast(assignee(a), assignee(b), (x, y) => turn * compareTitles(x, y)),
    due: (a, b) => missingLast(a.due_on, b.due_on, (x, y) => turn * compareDays(x, y)),
  };
  return tasks.toSorted((a, b) => compare[keyOf(sort)](a, b) || asOnBoard(a, b));
}

function missingLast(a: string | null, b: string | null, compare: (a: string, b: string) => number): number {
  if (a !== null && b !== null) return compare(a, b);
  return a === b ? 0 : a === null ? 1 : -1;
}
