import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { ProjectEvent, Snapshot } from "../src/api/shapes";
import { byPosition } from "../src/state/columns";
import { fold } from "../src/state/fold";
import { COLUMNS, event, snapshot, task } from "./samples";

const VECTORS = new URL("../../../tests/vectors/fold.json", import.meta.url);

interface Vector {
  name?: string;
  snapshot: Snapshot;
  event: ProjectEvent;
  result: Snapshot;
}

describe.runIf(existsSync(VECTORS))("the cases that the server's tests share", () => {
  const vectors = existsSync(VECTORS) ? (JSON.parse(readFileSync(VECTORS, "utf8")) as Vector[]) : [];
  test.each(vectors.map((vector, index) => [vector.name ?? `${index}: ${vector.event.type}`, vector] as const))(
    "%s",
    (_, vector) => {
      const before = structuredClone(vector.snapshot);
      expect(sorted(fold(vector.snapshot, vector.event))).toEqual(sorted(vector.result));
      expect(vector.snapshot).toEqual(before);
    },
  );
});

/** The order in which a snapshot lists things says nothing. */
function sorted(snapshot: Snapshot): Snapshot {
  return {
    ...snapshot,
    tasks: snapshot.tasks.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    columns: snapshot.columns.toSorted(byPosition),
    labels: snapshot.labels.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    members: snapshot.members.toSorted((a, b) => (a.user_id < b.user_id ? -1 : 1)),
  };
}

test("an event that the snapshot includes changes nothing", () => {
  const before = snapshot([task("1")], 10);
  expect(fold(before, event(10, "task.deleted", { task: task("1") }))).toBe(before);
});

test("untouched parts are shared, not copied", () => {
  const before = snapshot([task("1"), task("2")]);
  const after = fold(before, event(11, "task.updated", { task: task("2", { title: "Two", version: 2 }) }));
  expect(after.tasks[0]).toBe(before.tasks[0]);
  expect(after.members).toBe(before.members);
  expect(after.tasks[1]!.title).toBe("Two");
});

test("a task of a node that knows no columns goes to the first of its status, or stays where it is", () => {
  const columns = [{ ...COLUMNS[2]!, id: "later", position: "b0" }, ...COLUMNS];
  const known = task("2", { status: "done", column_id: "later", number: 7 });
  const before = { ...snapshot([task("1"), known]), columns };
  const old = (id: string, status: string) => ({ ...task(id), status, column_id: undefined, number: undefined });
  const after = fold(before, event(11, "task.moved", { task: old("1", "done"), changed: ["status"] }));
  expect(after.tasks[0]).toMatchObject({ status: "done", column_id: "done", number: 1 });
  const edited = fold(after, event(12, "task.updated", { task: old("2", "done"), changed: ["title"] }));
  expect(edited.tasks[1]).toMatchObject({ column_id: "later", number: 7 });
  const created = fold(edited, event(13, "task.created", { task: old("3", "in_progress") }));
  expect(created.tasks[2]).toMatchObject({ column_id: "in_progress", number: 0 });
});

test("creating and deleting update the count of tasks", () => {
  const created = fold(snapshot([task("1")]), event(11, "task.created", { task: task("2") }));
  expect(created.project.task_count).toBe(2);
  const deleted = fold(created, event(12, "task.deleted", { task: { id: "1" } as never }));
  expect(deleted.project.task_count).toBe(1);
  expect(deleted.tasks.map((each) => each.id)).toEqual(["2"]);
});

test("a move that rebalances the column moves its neighbours too", () => {
  const before = snapshot([
    task("1", { position: "a0" }),
    task("2", { position: "a1" }),
    task("3", { position: "a2" }),
  ]);
  const moved = task("3", { position: "a1", version: 2 });
  const after = fold(before, event(11, "task.moved", { task: moved, positions: { "1": "a2", "2": "a3" } }));
  expect(after.tasks.toSorted(byPosition).map((each) => each.id)).toEqual(["3", "1", "2"]);
});

test("an event of the project keeps the reader's own role", () => {
  const { role: _, ...project } = { ...snapshot().project, name: "Gemini" };
  expect(fold(snapshot(), event(11, "project.updated", { project })).project).toMatchObject({
    name: "Gemini",
    role: "owner",
  });
});

test("a hand-over changes both members and the project", () => {
  const { members, project } = snapshot();
  const after = fold(
    snapshot(),
    event(11, "member.updated", {
      member: { ...members[1]!, role: "owner" },
      previous_owner: { ...members[0]!, role: "editor" },
      project: { ...project, owner_id: "bob" },
    }),
  );
  expect(after.members.map((member) => member.role)).toEqual(["editor", "owner"]);
  expect(after.project.owner_id).toBe("bob");
});

test("events of a newer server move the offset and nothing else", () => {
  const before = snapshot([task("1")]);
  const after = fold(before, event(11, "task.teleported", { task: task("1", { title: "?" }) }));
  expect(after.tasks).toBe(before.tasks);
  expect(after.stream.offset).toBe(11);
});

test("positions sort by bytes, then ids", () => {
  const tasks = [task("b", { position: "a0" }), task("c", { position: "Zz" }), task("a", { position: "a0" })];
  expect(tasks.sort(byPosition).map((each) => each.id)).toEqual(["c", "a", "b"]);
});
