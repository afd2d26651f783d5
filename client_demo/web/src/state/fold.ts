/** The rule that turns a snapshot and the event after it into the next snapshot. */

import type { Task as EventTask } from "../api/events";
import { assertNever, type Label, type ProjectEvent, type Snapshot, type Task } from "../api/shapes";
import { firstOf } from "./columns";
import { relabelled } from "./labels";

/**
 * The snapshot after the event. Pure: neither argument is changed, and untouched parts are shared.
 *
 * An event at or below the snapshot's offset changes nothing; the caller has to notice gaps.
 * tests/vectors/fold.json holds cases of this rule, which the server's tests apply too.
 */
export function fold(snapshot: Snapshot, event: ProjectEvent): Snapshot {
  if (event.offset <= snapshot.stream.offset) return snapshot;
  const next: Snapshot = {
    ...snapshot,
    project: { ...snapshot.project, offset: event.offset },
    stream: { ...snapshot.stream, offset: event.offset },
  };
  switch (event.type) {
    // Events go to everybody, so they lack the reader's own role.
    case "project.created":
      next.project = { ...next.project, ...event.data.project };
      next.members = put(snapshot.members, event.data.member, "user_id"); // its creator
      next.columns = event.data.columns ?? snapshot.columns;
      break;
    case "project.updated":
    case "project.archived":
    case "project.restored":
      next.project = { ...next.project, ...event.data.project };
      break;
    case "project.deleted":
      break; // its last state stays visible
    case "column.created":
    case "column.moved":
      next.columns = place(snapshot.columns, event.data.positions);
      changeColumn(next, event.data.column);
      break;
    case "column.updated":
      changeColumn(next, event.data.column);
      break;
    case "column.deleted":
      deleteColumn(next, event.data);
      break;
    case "label.created":
      next.labels = put(snapshot.labels, event.data.label, "id");
      break;
    case "label.updated": {
      const { label, previous } = event.data;
      next.labels = put(snapshot.labels, label, "id");
      if (previous?.name !== undefined) next.tasks = relabelled(snapshot.tasks, previous.name, label.name);
      break;
    }
    case "label.deleted": {
      const gone = snapshot.labels.find(({ id }) => id === event.data.label.id);
      next.labels = without(snapshot.labels, "id", event.data.label.id);
      if (gone) next.tasks = relabelled(snapshot.tasks, gone.name, null);
      break;
    }
    case "task.created":
      next.labels = withNew(snapshot.labels, event.data);
      next.tasks = put(snapshot.tasks, complete(snapshot, event.data.task), "id");
      next.project.task_count += next.tasks.length - snapshot.tasks.length;
      break;
    case "task.restored":
      next.tasks = put(snapshot.tasks, complete(snapshot, event.data.task), "id");
      next.project.task_count += next.tasks.length - snapshot.tasks.length;
      break;
    case "task.updated":
      next.labels = withNew(snapshot.labels, event.data);
      next.tasks = put(snapshot.tasks, complete(snapshot, withCount(snapshot.tasks, event.data.task)), "id");
      break;
    case "task.moved":
      next.labels = withNew(snapshot.labels, event.data);
      next.tasks = put(
        place(snapshot.tasks, event.data.positions),
        complete(snapshot, withCount(snapshot.tasks, event.data.task)),
        "id",
      );
      break;
    case "task.deleted":
      next.tasks = without(snapshot.tasks, "id", event.data.task.id);
      next.project.task_count += next.tasks.length - snapshot.tasks.length;
      break;
    case "comment.created":
      next.tasks = counted(snapshot.tasks, event.data.comment.task_id, 1);
      break;
    case "comment.updated":
      break; // comments themselves are in no snapshot
    case "comment.deleted":
      next.tasks = counted(snapshot.tasks, event.data.comment.task_id, -1);
      break;
    case "document.created":
    case "document.updated":
    case "document.undeleted":
    case "document.restored":
      next.documents = put(snapshot.documents, event.data.document, "id");
      break;
    case "document.version_created":
      break; // versions are in no snapshot
    case "document.deleted":
      next.documents = without(snapshot.documents, "id", event.data.document.id);
      break;
    case "member.added":
      next.members = put(snapshot.members, event.data.member, "user_id");
      break;
    case "member.updated": {
      const { member, previous_owner, project } = event.data;
      next.members = put(snapshot.members, member, "user_id");
      if (previous_owner) next.members = put(next.members, previous_owner, "user_id");
      if (project) next.project = { ...next.project, ...project };
      break;
    }
    case "member.removed":
      next.members = without(snapshot.members, "user_id", event.data.member.user_id);
      break;
    default:
      assertNever(event); // an unknown type, of a newer server, changes nothing here
  }
  return next;
}

/** The tasks of a column have its category as their status. */
function changeColumn(next: Snapshot, column: Snapshot["columns"][number]): void {
  next.columns = put(next.columns, column, "id");
  const isOutdated = (task: Task) => task.column_id === column.id && task.status !== column.category;
  if (!next.tasks.some(isOutdated)) return;
  next.tasks = next.tasks.map((task) => (isOutdated(task) ? { ...task, status: column.category } : task));
}

/** Its tasks are in another column now. */
function deleteColumn(next: Snapshot, data: (ProjectEvent & { type: "column.deleted" })["data"]): void {
  const { column, move_to, positions } = data;
  const target = next.columns.find((each) => each.id === move_to);
  next.columns = without(next.columns, "id", column.id);
  if (!target) return;
  const there = { column_id: target.id, status: target.category };
  next.tasks = next.tasks.map((task) =>
    task.column_id === column.id ? { ...task, ...there, position: positions?.[task.id] ?? task.position } : task,
  );
}

/** The task of an event, with what a node of the version before columns leaves out. */
function complete(snapshot: Snapshot, task: EventTask): Task {
  const { column_id, number } = task;
  if (column_id !== undefined && number !== undefined) return { ...task, column_id, number };
  const old = snapshot.tasks.find((other) => other.id === task.id);
  const column = old?.status === task.status ? old.column_id : firstOf(snapshot.columns, task.status)?.id;
  return { ...task, number: old?.number ?? 0, column_id: column ?? "" };
}

/** The labels, with those that a change of a task has made. */
function withNew(labels: Label[], { new_labels }: { new_labels?: Label[] | null }): Label[] {
  return new_labels ? [...labels, ...new_labels] : labels;
}

function put<T, K extends keyof T>(list: T[], item: T, key: K): T[] {
  const index = list.findIndex((other) => other[key] === item[key]);
  return index < 0 ? [...list, item] : list.with(index, item);
}

function without<T, K extends keyof T>(list: T[], key: K, value: T[K]): T[] {
  return list.filter((item) => item[key] !== value);
}

/** The task, with its count of comments if the event is of an older server, which lacks it. */
function withCount(tasks: Task[], task: EventTask): EventTask {
  if (task.comment_count !== undefined) return task;
  return { ...task, comment_count: tasks.find((each) => each.id === task.id)?.comment_count ?? 0 };
}

/** The tasks with one comment more, or less, on one of them. */
function counted(tasks: Task[], id: string, more: 1 | -1): Task[] {
  return tasks.map((task) => (task.id === id ? { ...task, comment_count: (task.comment_count ?? 0) + more } : task));
}

/** Moves the others that had to make room. */
function place<T extends { id: string; position: string }>(list: T[], positions?: Record<string, string> | null): T[] {
  if (!positions) return list;
  return list.map((item) => {
    const position = positions[item.id];
    return position === undefined ? item : { ...item, position };
  });
}
