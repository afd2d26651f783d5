/** The columns of a board, and the tasks in each of them. */

import type { Category, Column, Task } from "../api/shapes";

/** The tasks of each column, in order, by its id. */
export type Columns = Readonly<Record<string, Task[]>>;

interface Placed {
  id: string;
  position: string;
}

/** The order of columns, and of the tasks within one: bytes of the position, then of the id. Never `localeCompare`. */
export function byPosition(a: Placed, b: Placed): number {
  if (a.position !== b.position) return a.position < b.position ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** The first column of a category: every category has one. */
export function firstOf(columns: readonly Column[], category: Category): Column | undefined {
  return columns.filter((column) => column.category === category).sort(byPosition)[0];
}

/** The tasks of one column, in order. */
export function tasksIn(tasks: readonly Task[], column: string): Task[] {
  return tasks.filter((task) => task.column_id === column).sort(byPosition);
}

/** The tasks of every column. */
export function sortInto(columns: readonly Column[], tasks: readonly Task[]): Record<string, Task[]> {
  const sorted: Record<string, Task[]> = Object.fromEntries(columns.map((column) => [column.id, []]));
  for (const task of tasks) sorted[task.column_id]?.push(task);
  for (const list of Object.values(sorted)) list.sort(byPosition);
  return sorted;
}
