/** The rule that turns a snapshot and the event after it into the next snapshot. */

import type { EventData, Member, ProjectEvent, Snapshot, Task } from "../api/shapes";

/**
 * The snapshot after the event. Pure: neither argument is changed, and what the event doesn't touch is shared.
 *
 * An event at or below the snapshot's offset is already in it and leaves it as it is; a gap is the caller's to notice.
 * tests/vectors/fold.json holds cases of this rule, which the server's tests apply too.
 */
export function fold(snapshot: Snapshot, event: ProjectEvent): Snapshot {
  if (event.offset <= snapshot.stream.offset) return snapshot;
  const { data } = event;
  const next: Snapshot = {
    ...snapshot,
    project: { ...snapshot.project, offset: event.offset },
    stream: { ...snapshot.stream, offset: event.offset },
  };
  switch (event.type) {
    case "project.created":
    case "project.updated":
    case "project.archived":
    case "project.restored":
      // What is the reader's own (their role) is not in an event that goes to everybody.
      next.project = { ...next.project, ...data.project };
      if (data.member) next.members = put(snapshot.members, data.member, "user_id"); // who created it
      break;
    case "task.created":
      next.tasks = put(snapshot.tasks, data.task!, "id");
      next.project.task_count += next.tasks.length - snapshot.tasks.length;
      break;
    case "task.updated":
    case "task.moved":
      next.tasks = put(place(snapshot.tasks, data.positions), data.task!, "id");
      break;
    case "task.deleted":
      next.tasks = without(snapshot.tasks, "id", data.task?.id);
      next.project.task_count += next.tasks.length - snapshot.tasks.length;
      break;
    case "member.added":
    case "member.updated":
      next.members = put(snapshot.members, data.member!, "user_id");
      if (data.previous_owner) next.members = put(next.members, data.previous_owner, "user_id");
      if (data.project) next.project = { ...next.project, ...data.project };
      break;
    case "member.removed":
      next.members = without(snapshot.members, "user_id", memberId(data));
      break;
    case "document.created":
    case "document.updated":
    case "document.restored":
      if (data.document) next.documents = put(snapshot.documents, data.document, "id");
      break;
    case "document.deleted":
      next.documents = without(snapshot.documents, "id", data.document?.id);
      break;
    default:
      break; // comments, versions of documents and types of a newer server change nothing that a snapshot holds
  }
  return next;
}

/** The order of tasks within a status: bytes of the position, then of the id. Never `localeCompare`. */
export function byPosition(a: Task, b: Task): number {
  if (a.position !== b.position) return a.position < b.position ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function memberId(data: EventData): string | undefined {
  return (data.member as Member | undefined)?.user_id;
}

function put<T, K extends keyof T>(list: T[], item: T, key: K): T[] {
  const index = list.findIndex((other) => other[key] === item[key]);
  return index < 0 ? [...list, item] : list.with(index, item);
}

function without<T, K extends keyof T>(list: T[], key: K, value: T[K] | undefined): T[] {
  return list.filter((item) => item[key] !== value);
}

function place(tasks: Task[], positions: Record<string, string> | undefined): Task[] {
  if (!positions) return tasks;
  return tasks.map((task) => {
    const position = positions[task.id];
    return position === undefined ? task : { ...task, position };
  });
}
