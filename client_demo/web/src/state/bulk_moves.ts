/** Moving several tasks to one place, one after the other, so that they come to stand there in their order. */

import type { Task } from "../api/shapes";

export interface BulkMove {
  task: string;
  after: string | null;
  before: string | null;
}

/**
 * The moves that put the tasks into a column before its task at the index, counted with those that are moved. None if
 * they stand there already.
 */
export function movesTo(tasks: readonly Task[], column: readonly Task[], index: number): BulkMove[] {
  const ids = new Set(tasks.map((task) => task.id));
  const isOther = (task: Task) => !ids.has(task.id);
  const after = column.slice(0, index).findLast(isOther)?.id ?? null;
  const before = column.slice(index).find(isOther)?.id ?? null;
  const others = column.filter(isOther).map((task) => task.id);
  const place = after === null ? 0 : others.indexOf(after) + 1;
  const wanted = others.toSpliced(place, 0, ...tasks.map((task) => task.id));
  const isThere = wanted.length === column.length && wanted.every((id, at) => column[at]!.id === id);
  if (isThere) return [];
  return tasks.map((task, at) => ({ task: task.id, after: tasks[at - 1]?.id ?? after, before }));
}
