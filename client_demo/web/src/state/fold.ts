/** The rule that turns a snapshot and the event after it into the next snapshot. */

import { assertNever, type ProjectEvent, type Snapshot, type Task } from "../api/shapes";

/**
 * The snapshot after the event. Pure: neither argument is changed, and what the event doesn't touch is shared.
 *
 * An event at or below the snapshot's offset is already in it and leaves it as it is; a gap is the caller's to notice.
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
    // What is the reader's own (their role) is not in an event that goes to everybody.
    case "project.created":
      next.project = { ...next.project, ...event.data.project };
      next.members = put(snapshot.members, event.data.member, "user_id"); // who created it
      break;
    case "project.updated":
    case "project.archived":
    case "project.restored":
      next.project = { ...next.project, ...event.data.project };
      break;
    case "project.deleted":
      break; // what it was stays to be seen
    case "task.created":
      next.tasks = put(snapshot.tasks, event.data.task, "id");
      next.project.task_count += next.tasks.length - snapshot.tasks.length;
      break;
    case "task.updated":
    case "task.moved":
      next.tasks = put(place(snapshot.tasks, event), event.data.task, "id");
      break;
    case "task.deleted":
      next.tasks = without(snapshot.tasks, "id", event.data.task.id);
      next.project.task_count += next.tasks.length - snapshot.tasks.length;
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
      assertNever(event); // a type of a newer server changes nothing that a snapshot holds
  }
  return next;
}

/** The order of tasks within a status: bytes of the position, then of the id. Never `localeCompare`. */
export function byPosition(a: Task, b: Task): number {
  if (a.position !== b.position) return a.position < b.position ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function put<T, K extends keyof T>(list: T[], item: T, key: K): T[] {
  const index = list.findIndex((other) => other[key] === item[key]);
  return index < 0 ? [...list, item] : list.with(index, item);
}

function without<T, K extends keyof T>(list: T[], key: K, value: T[K]): T[] {
  return list.filter((item) => item[key] !== value);
}

/** The other tasks of the column where they are now, when they had to make room. */
function place(tasks: Task[], { type, data }: ProjectEvent & { type: "task.moved" | "task.updated" }): Task[] {
  if (type !== "task.moved" || !data.positions) return tasks;
  const { positions } = data;
  return tasks.map((task) => {
    const position = positions[task.id];
    return position === undefined ? task : { ...task, position };
  });
}
