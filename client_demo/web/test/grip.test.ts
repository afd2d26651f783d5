import { signal } from "@preact/signals";
import { expect, test } from "vitest";
import type { Arrangement } from "../src/state/arrangement";
import { predict } from "../src/state/change";
import { Grip } from "../src/state/grip";
import { AT, COLUMNS, snapshot, task } from "./samples";

const TASKS = [
  task("a", { position: "a0" }),
  task("b", { position: "a1" }),
  task("c", { position: "a2" }),
  task("d", { status: "done", position: "a0" }),
];

function ids(tasks: { id: string }[] | undefined): string[] {
  return tasks!.map((each) => each.id);
}

test("a carried card shows only where it would land", () => {
  const grip = new Grip(signal(snapshot(TASKS)));
  grip.take(TASKS[0]!, "pointer");
  grip.carry({ column: "done", index: 1 });
  expect(ids(grip.shown.value.todo)).toEqual(["b", "c"]);
  expect(ids(grip.shown.value.done)).toEqual(["d", "a"]);
  expect(ids(grip.settled.value.todo)).toEqual(["a", "b", "c"]);
});

test("a drop names the neighbours, and its prediction has the order that was shown", () => {
  const grip = new Grip(signal(snapshot(TASKS)));
  grip.take(TASKS[0]!, "pointer");
  grip.carry({ column: "todo", index: 1 });
  const shown = ids(grip.shown.value.todo);
  const move = grip.drop()!;
  expect(move).toEqual({ task: "a", column: "todo", after: "b", before: "c" });

  const after = predict(snapshot(TASKS), { kind: "move", mutation: "m", made_at: AT, status: "todo", ...move });
  expect(ids(new Grip(signal(after)).settled.value.todo)).toEqual(shown);
});

test("a drop at the old place is no move; a slot beyond the end is the last one", () => {
  const grip = new Grip(signal(snapshot(TASKS)));
  grip.take(TASKS[1]!, "keyboard");
  grip.carry({ column: "todo", index: 99 });
  expect(grip.held.value!.to.index).toBe(2);
  grip.carry({ column: "todo", index: 1 });
  expect(grip.drop()).toBeNull();
  expect(grip.drop()).toBeNull();
});

test("a carried card that somebody else moves shows once", () => {
  const content = signal(snapshot(TASKS));
  const grip = new Grip(content);
  grip.take(TASKS[0]!, "pointer");
  content.value = snapshot([task("a", { status: "done", position: "a5", title: "Moved" }), ...TASKS.slice(1)]);
  grip.carry({ column: "in_progress", index: 0 });
  const { todo, in_progress, done } = grip.shown.value;
  expect([ids(todo), ids(in_progress), ids(done)]).toEqual([["b", "c"], ["a"], ["d"]]);
  expect(in_progress![0]!.title).toBe("Moved");
});

test("an unchanged column is the same object", () => {
  const content = signal(snapshot(TASKS));
  const grip = new Grip(content);
  const before = grip.settled.value;
  content.value = snapshot(TASKS.with(3, task("d", { status: "done", title: "D" })));
  expect(grip.settled.value.todo).toBe(before.todo);
  expect(grip.settled.value.done).not.toBe(before.done);
});

test("a column that is deleted while a card is over it takes no card", () => {
  const content = signal(snapshot(TASKS));
  const grip = new Grip(content);
  grip.take(TASKS[0]!, "pointer");
  grip.carry({ column: "in_progress", index: 0 });
  content.value = { ...content.value, columns: COLUMNS.filter((column) => column.id !== "in_progress") };
  expect(ids(grip.shown.value.todo)).toEqual(["a", "b", "c"]);
  grip.carry({ column: "in_progress", index: 0 });
  expect(grip.drop()).toBeNull();
});

test("a filtered board counts the cards on screen, and a drop comes right below the one above it", () => {
  const matches = signal<ReadonlySet<string>>(new Set(["a", "c"]));
  const many = [...TASKS.slice(0, 3), task("e", { position: "a3" })];
  const grip = new Grip(signal(snapshot([...many, task("d", { status: "done" })])), matches);
  expect(ids(grip.visible.value.todo)).toEqual(["a", "c"]);
  grip.take(many[2]!, "pointer");
  expect(grip.held.value!.from.index).toBe(1);
  grip.carry({ column: "todo", index: 0 });
  expect(ids(grip.shown.value.todo)).toEqual(["c", "a", "b", "e"]);
  expect(grip.drop()).toMatchObject({ after: null, before: "a" });

  grip.take(many[0]!, "pointer");
  grip.carry({ column: "todo", index: 99 });
  expect(grip.held.value!.to.index).toBe(1);
  expect(grip.drop()).toMatchObject({ after: "c", before: "e" });

  // Between hidden cards only: at the end.
  grip.take(many[0]!, "pointer");
  grip.carry({ column: "done", index: 0 });
  expect(grip.drop()).toMatchObject({ after: "d", before: null });

  // It stays on screen although it doesn't match any more.
  grip.take(many[0]!, "pointer");
  matches.value = new Set(["c"]);
  expect(ids(grip.visible.value.todo)).toEqual(["a", "c"]);
});

test("a sorted column gives a card its place, and is left as it was by a drop in itself", () => {
  const days = [
    task("late", { position: "a0", due_on: "2026-05-01" }),
    task("none", { position: "a1" }),
    task("soon", { position: "a2", due_on: "2026-01-01" }),
  ];
  const other = task("mid", { status: "done", due_on: "2026-03-01" });
  const arrangement = signal<Arrangement>({ sorts: { todo: "due" }, collapsed: [] });
  const grip = new Grip(signal(snapshot([...days, other])), undefined, arrangement);
  expect(ids(grip.shown.value.todo)).toEqual(["soon", "late", "none"]);
  grip.take(other, "pointer");
  grip.carry({ column: "todo", index: 0 });
  expect(ids(grip.shown.value.todo)).toEqual(["soon", "mid", "late", "none"]);
  expect(grip.drop()).toMatchObject({ column: "todo", after: "soon", before: null }); // by hand: at the end
  grip.take(days[0]!, "keyboard");
  grip.carry({ column: "todo", index: 0 });
  expect(grip.drop()).toBeNull();

  arrangement.value = { sorts: {}, collapsed: ["todo"] };
  expect(ids(grip.visible.value.todo)).toEqual([]);
  grip.take(other, "pointer");
  grip.carry({ column: "todo", index: 99 });
  expect(grip.drop()).toMatchObject({ after: "soon", before: null });
});
