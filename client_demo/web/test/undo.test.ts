import { expect, test } from "vitest";
import type { Task } from "../src/api/shapes";
import type { Change } from "../src/state/change";
import { type Place, UndoStack } from "../src/state/undo";
import { AT, event, snapshot, task } from "./samples";

const members = new Map(snapshot().members.map((member) => [member.user_id, member]));
const nowhere: Place = { after: null, before: null };
const looks = {
  columns: snapshot().columns,
  realId: (id: string) => (id === "new-1" ? "1" : id),
};

function made<K extends Change["kind"]>(kind: K, rest: object, id = "1", mutation = "m"): Change {
  return { mutation, task: id, made_at: AT, kind, ...rest } as Change;
}

function taken(change: Change, was: Task | undefined, now: Task[], place = nowhere) {
  const stack = new UndoStack();
  stack.note(change, was, place, false);
  return stack.take(now, members, looks)?.deeds[0];
}

test("every kind of change has an opposite", () => {
  const [before, renamed] = [task("1"), task("1", { title: "New", version: 2 })];
  const edit = made("edit", { fields: { title: "New" }, base: { title: "Task 1" }, version: 1 });
  expect(taken(edit, before, [renamed])).toEqual({
    task: "1",
    deed: { kind: "edit", fields: { title: "Task 1" }, base: { title: "New" }, version: 2 },
  });
  const place = { after: "0", before: "2" };
  const move = made("move", { status: "done", after: null, before: null });
  expect(taken(move, before, [task("1", { status: "done", version: 2 })], place)?.deed).toEqual({
    kind: "move",
    column: "todo",
    status: "todo",
    ...place,
    version: 2,
    base: { column_id: "done" },
  });
  expect(taken(made("delete", {}), before, [])?.deed).toEqual({ kind: "restore", was: before });
  expect(taken(made("create", { title: "Task 1" }, "new-1"), undefined, [before])?.deed).toEqual({
    kind: "delete",
    version: 1,
    base: { title: "Task 1", description: null, column_id: "todo", assignee_id: null, due_on: null, labels: [] },
  });
  const labels = made("labels", { add: ["a", "b"], remove: ["c", "d"] });
  expect(taken(labels, task("1", { labels: ["a", "c"] }), [before])?.deed).toEqual({
    kind: "labels",
    add: ["c"],
    remove: ["b"],
  });
});

test("a deleted comment comes back by its undo, and other changes of comments have none", () => {
  const was = { id: "c", task_id: "1" };
  const deletion = made("comment", { comment: "c", deed: { do: "delete", was } });
  expect(taken(deletion, task("1"), [task("1")])).toEqual({
    task: "1",
    deed: { kind: "comment", comment: "c", deed: { do: "restore", was } },
  });
  const ofBefore = made("comment", { comment: "c", deed: { do: "delete" } });
  expect(taken(ofBefore, task("1"), [task("1")])).toBeUndefined();
  const edit = made("comment", { comment: "c", deed: { do: "edit", body: "New" } });
  expect(taken(edit, task("1"), [task("1")])).toBeUndefined();
});

test("the newest comes first, one by its mutation on demand, and undos are not undone", () => {
  const stack = new UndoStack();
  const move = (mutation: string) => made("move", { status: "done", after: null, before: null }, mutation, mutation);
  const now = ["1", "2", "3"].map((id) => task(id, { status: "done" }));
  for (const id of ["1", "2", "3"]) stack.note(move(id), task(id), nowhere, false);
  stack.note(move("4"), task("4"), nowhere, true);
  expect(stack.take(now, members, looks, "2")?.deeds[0]?.task).toBe("2");
  expect(stack.take(now, members, looks)?.deeds[0]?.task).toBe("3");
  expect(stack.take(now, members, looks)?.deeds[0]?.task).toBe("1");
  expect(stack.take(now, members, looks)).toBeNull();
});

test("what others have changed since is refused by name, and other fields are not in the way", () => {
  const stack = new UndoStack();
  const edit = made("edit", { fields: { title: "New" }, base: { title: "Old" }, version: 1 }, "new-1");
  const own = event(1, "task.updated", { task: task("1"), changed: ["title"] }, { mutation_id: "m" });
  const other = event(2, "task.updated", { task: task("1"), changed: ["labels"] });
  const same = event(3, "task.updated", { task: task("1"), changed: ["title"] });
  const elsewhere = event(4, "task.updated", { task: task("2"), changed: ["title"] });
  const now = [task("1", { title: "New", version: 3 })];

  stack.note(edit, task("1"), nowhere, false);
  for (const each of [own, other, elsewhere]) stack.hear(each, looks.realId);
  expect(stack.take(now, members, looks)?.deeds[0]?.deed).toMatchObject({ kind: "edit" });

  stack.note(edit, task("1"), nowhere, false);
  stack.hear(same, looks.realId);
  expect(stack.take(now, members, looks)).toEqual({
    deeds: [],
    words: "“New” stays as it is: Bob changed it since.",
  });
});

test("a change that was never made is passed over", () => {
  const stack = new UndoStack();
  const move = made("move", { status: "done", after: null, before: null }, "1", "a");
  stack.note(move, task("1"), nowhere, false);
  stack.note(made("delete", {}, "2", "b"), task("2"), nowhere, false); // refused: the task is still there
  expect(stack.take([task("1", { status: "done" }), task("2")], members, looks)?.deeds[0]?.task).toBe("1");
});

test("a new task that waits to be sent is undone without asking for a version, which it has not yet", () => {
  const creation = made("create", { title: "Task 1" }, "new-1");
  expect(taken(creation, undefined, [task("1", { version: 0 })])?.deed).toMatchObject({
    kind: "delete",
    version: undefined,
  });
});

test("a bulk change is undone at once, from its end, but for what others have changed since", () => {
  const stack = new UndoStack();
  const move = (id: string) => ({ ...made("move", { status: "done", after: null, before: null }, id, id), bulk: "b" });
  const places = { a: { after: null, before: "b" }, b: { after: "a", before: "c" }, c: { after: "b", before: "d" } };
  for (const id of ["a", "b", "c"] as const) stack.note(move(id), task(id), places[id], false);
  stack.hear(event(1, "task.moved", { task: task("b"), changed: ["position"] }), looks.realId);
  const now = ["a", "b", "c"].map((id) => task(id, { status: "done" }));
  const undo = stack.take(now, members, looks, "a")!;
  expect(undo.deeds.map(({ task, deed }) => [task, deed.kind === "move" && [deed.after, deed.before]])).toEqual([
    ["c", [null, "d"]],
    ["a", [null, "c"]],
  ]);
  expect(undo.words).toBe("2 changes are undone. “Task b” stays as it is: Bob moved it since.");
  expect(stack.take(now, members, looks)).toBeNull();
});

test("a bulk change counts as one of the acts that are kept", () => {
  const stack = new UndoStack();
  stack.note(made("delete", {}, "first", "first"), task("first"), nowhere, false);
  for (let index = 0; index < 120; index++)
    stack.note({ ...made("delete", {}, `${index}`, `${index}`), bulk: "b" }, task(`${index}`), nowhere, false);
  expect(stack.take([], members, looks)?.deeds).toHaveLength(120);
  expect(stack.take([], members, looks)?.deeds).toHaveLength(1);
});
