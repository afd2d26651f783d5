/** A person's change to a task, before the server has answered. */

import { generateKeyBetween } from "fractional-indexing";
import type { Category, Snapshot, Task } from "../api/shapes";
import { byPosition, firstOf } from "./columns";
import { type CommentChange, countsMore } from "./comment_change";
import { keyOf, spelled } from "./labels";

/** The fields of a task that its panel edits. */
export type TaskFields = Pick<Task, "title" | "description" | "assignee_id" | "due_on">;

/**
 * A column of the board. `status` is its category when the change was made, for a column that is gone by now; changes
 * that a board before columns has kept name nothing else.
 */
export interface Goal {
  column?: string;
  status: Category;
}

/** What a new task begins with. `before` names the task that it goes before; without one it goes to the end. */
export interface NewTask {
  title: string;
  labels?: readonly string[];
  assignee_id?: string | null;
  due_on?: string | null;
  before?: string | null;
  /** The line that the person wrote, for the field that it comes back to if it is refused. */
  written?: string;
}

/** What the task was like, for an undo: it is refused if somebody has changed any of that since. */
export interface Guard {
  version?: number | undefined;
  base?: Partial<Task> | undefined;
}

/**
 * With a `version`, the change is refused if the task has another one by then, in which it no longer is like `base`.
 * `mutation` identifies the change: in its event, and as the idempotency key. `bulk` identifies the bulk change that it
 * is part of.
 */
export type Change = { mutation: string; task: string; made_at: string; bulk?: string | undefined } & (
  | ({ kind: "create"; author: string } & NewTask & Goal)
  | { kind: "edit"; fields: Partial<TaskFields>; base: Partial<TaskFields>; version: number }
  | { kind: "labels"; add: readonly string[]; remove: readonly string[] }
  | ({ kind: "move"; after: string | null; before: string | null } & Goal & Guard)
  | ({ kind: "delete" } & Guard)
  | { kind: "restore"; was: Task }
  | CommentChange
);

const KINDS: Record<Change["kind"], true> = {
  create: true,
  edit: true,
  labels: true,
  move: true,
  delete: true,
  comment: true,
  restore: true,
};

/** Whether this page can make the change: a newer one may have kept kinds that it doesn't know. */
export function isKnown(change: { kind: string }): change is Change {
  return Object.hasOwn(KINDS, change.kind);
}

/** Whether sending it twice would make two, but for its idempotency key. */
export function isNew(change: Change): boolean {
  return change.kind === "create" || (change.kind === "comment" && change.deed.do === "add");
}

/** The snapshot as the change will probably leave it: the optimistic counterpart of `fold`. Pure. */
export function predict(snapshot: Snapshot, change: Change): Snapshot {
  switch (change.kind) {
    case "create": {
      if (snapshot.tasks.some((task) => task.id === change.task)) return snapshot;
      const { column_id, status } = placeOf(snapshot, change);
      const task: Task = {
        id: change.task,
        title: change.title,
        description: null,
        document_id: null,
        status,
        column_id,
        number: 0,
        comment_count: 0,
        assignee_id: change.assignee_id ?? null,
        due_on: change.due_on ?? null,
        labels: [...(change.labels ?? [])],
        position: destination(snapshot.tasks, column_id, change.task, null, change.before ?? null),
        version: 0,
        created_by: change.author,
        created_at: change.made_at,
        updated_at: change.made_at,
      };
      return withTasks(snapshot, [...snapshot.tasks, task]);
    }
    case "edit":
      return replaceTask(snapshot, change.task, (task) => ({ ...task, ...change.fields }));
    case "labels":
      return replaceTask(snapshot, change.task, (task) => ({ ...task, labels: merged(snapshot, task.labels, change) }));
    case "move": {
      const place = placeOf(snapshot, change);
      const { after, before } = change;
      const position = destination(snapshot.tasks, place.column_id, change.task, after, before);
      return replaceTask(snapshot, change.task, (task) => ({ ...task, ...place, position }));
    }
    case "delete":
      return withTasks(
        snapshot,
        snapshot.tasks.filter((task) => task.id !== change.task),
      );
    case "comment": {
      const more = countsMore(change);
      if (more === 0) return snapshot;
      return replaceTask(snapshot, change.task, (task) => ({
        ...task,
        comment_count: (task.comment_count ?? 0) + more,
      }));
    }
    case "restore": {
      const others = snapshot.tasks.filter((task) => task.id !== change.task);
      return withTasks(snapshot, [...others, { ...change.was, id: change.task }]);
    }
  }
}

/** The change with other ids for its tasks. A new task keeps its own until it is made. */
export function withIds(change: Change, idOf: (id: string) => string): Change {
  if (change.kind === "create") return change.before ? { ...change, before: idOf(change.before) } : change;
  const task = idOf(change.task);
  if (change.kind !== "move") return { ...change, task };
  return { ...change, task, after: change.after && idOf(change.after), before: change.before && idOf(change.before) };
}

/** Whether the change is of this task, or puts another one beside it. */
export function mentions(change: Change, task: string): boolean {
  if (change.task === task || (change.kind === "create" && change.before === task)) return true;
  return change.kind === "move" && (change.after === task || change.before === task);
}

/** A set after additions and removals. Those of two people are all done, in any order. */
function merged(
  { labels }: Snapshot,
  present: readonly string[],
  { add, remove }: Change & { kind: "labels" },
): string[] {
  const gone = new Set(remove.map(keyOf));
  return spelled(labels, [...present, ...add]).filter((each) => !gone.has(keyOf(each)));
}

/** The column that a change names; if somebody has deleted it, the first of its category, as the server decides. */
export function placeOf(snapshot: Snapshot, { column, status }: Goal): Pick<Task, "column_id" | "status"> {
  const found = snapshot.columns.find((each) => each.id === column) ?? firstOf(snapshot.columns, status);
  return { column_id: found?.id ?? "", status: found?.category ?? status };
}

/** Whether the task already is as the change wants it. */
export function isMade(task: Task, change: Change): boolean {
  if (change.kind === "edit") return conflicts(task, change.fields).length === 0;
  return change.kind === "move" && change.column !== undefined && change.column === task.column_id;
}

/** The fields that have changed since the person began to edit. */
export function conflicts(task: Task, base: Partial<Task>): string[] {
  return Object.entries(base)
    .filter(([name, value]) => !same(task[name as keyof Task], value))
    .map(([name]) => name);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Where the task goes in the column: after one task or before another, or to the end. In one pass, for many moves. */
function destination(
  tasks: readonly Task[],
  column: string,
  task: string,
  after: string | null,
  before: string | null,
): string {
  const others = tasks.filter((each) => each.column_id === column && each.id !== task);
  const lower = others.find((each) => each.id === after);
  if (lower)
    return between(
      lower.position,
      nearest(others, (each) => byPosition(each, lower) > 0, -1),
    );
  const upper = others.find((each) => each.id === before);
  const isBelow = (each: Task) => !upper || byPosition(each, upper) < 0;
  return between(nearest(others, isBelow, 1), upper?.position ?? null);
}

/** The position of the last task of those, or of the first one for a `direction` of -1. */
function nearest(tasks: readonly Task[], isOne: (task: Task) => boolean, direction: 1 | -1): string | null {
  let found: Task | null = null;
  for (const each of tasks) if (isOne(each) && (!found || byPosition(each, found) * direction > 0)) found = each;
  return found?.position ?? null;
}

/** A position between two; the server decides the real one, by the same rule. */
function between(low: string | null, high: string | null): string {
  try {
    return generateKeyBetween(low, high);
  } catch {
    return `${low ?? ""}V`; // equal or foreign positions: right after the lower one
  }
}

function replaceTask(snapshot: Snapshot, id: string, change: (task: Task) => Task): Snapshot {
  const index = snapshot.tasks.findIndex((task) => task.id === id);
  if (index < 0) return snapshot; // deleted by somebody else meanwhile
  return { ...snapshot, tasks: snapshot.tasks.with(index, change(snapshot.tasks[index]!)) };
}

function withTasks(snapshot: Snapshot, tasks: Task[]): Snapshot {
  const task_count = snapshot.project.task_count + tasks.length - snapshot.tasks.length;
  return { ...snapshot, tasks, project: { ...snapshot.project, task_count } };
}
