/** A change to a project's tasks that this person made, before the server has answered. */

import { generateKeyBetween } from "fractional-indexing";
import type { Snapshot, Status, Task } from "../api/shapes";
import { byPosition } from "./fold";

/** The fields of a task that its panel edits. */
export type TaskFields = Pick<Task, "title" | "description" | "assignee_id" | "due_on" | "labels">;

/** `mutation` names the change everywhere: in the event that it causes, and as the key that makes a repeat harmless. */
export type Change = { mutation: string; task: string; made_at: string } & (
  | { kind: "create"; title: string; status: Status; author: string }
  | { kind: "edit"; fields: Partial<TaskFields>; base: Partial<TaskFields>; version: number }
  | { kind: "move"; status: Status; after: string | null; before: string | null }
  | { kind: "delete" }
);

/** What the snapshot will probably be when the change has been made: the optimistic half of `fold`. Pure. */
export function predict(snapshot: Snapshot, change: Change): Snapshot {
  switch (change.kind) {
    case "create": {
      if (snapshot.tasks.some((task) => task.id === change.task)) return snapshot;
      const task: Task = {
        id: change.task,
        title: change.title,
        description: null,
        status: change.status,
        assignee_id: null,
        due_on: null,
        labels: [],
        position: between(column(snapshot.tasks, change.status).at(-1)?.position ?? null, null),
        version: 0,
        created_by: change.author,
        created_at: change.made_at,
        updated_at: change.made_at,
      };
      return withTasks(snapshot, [...snapshot.tasks, task]);
    }
    case "edit":
      return replaceTask(snapshot, change.task, (task) => ({ ...task, ...change.fields }));
    case "move":
      return replaceTask(snapshot, change.task, (task) => ({
        ...task,
        status: change.status,
        position: destination(snapshot.tasks, change),
      }));
    case "delete":
      return withTasks(
        snapshot,
        snapshot.tasks.filter((task) => task.id !== change.task),
      );
  }
}

/** The tasks of one status, in order. */
export function column(tasks: readonly Task[], status: Status): Task[] {
  return tasks.filter((task) => task.status === status).sort(byPosition);
}

/** Whether the task already has every value that the change wants. */
export function isMade(task: Task, fields: Partial<TaskFields>): boolean {
  return Object.entries(fields).every(([name, value]) => same(task[name as keyof TaskFields], value));
}

/** The names of fields in which the task differs from what the person saw when they began to edit. */
export function conflicts(task: Task, base: Partial<TaskFields>): string[] {
  return Object.entries(base)
    .filter(([name, value]) => !same(task[name as keyof TaskFields], value))
    .map(([name]) => name);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function destination(tasks: Task[], change: Change & { kind: "move" }): string {
  const others = column(tasks, change.status).filter((task) => task.id !== change.task);
  const after = others.findIndex((task) => task.id === change.after);
  const before = others.findIndex((task) => task.id === change.before);
  const index = after >= 0 ? after + 1 : before >= 0 ? before : others.length;
  return between(others[index - 1]?.position ?? null, others[index]?.position ?? null);
}

/** A key between two; the server decides the real one, by the same rule. */
function between(low: string | null, high: string | null): string {
  try {
    return generateKeyBetween(low, high);
  } catch {
    return `${low ?? ""}V`; // two tasks share a key, or it is not one of ours: right after the lower one
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
