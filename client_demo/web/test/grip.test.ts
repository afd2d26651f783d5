import { signal } from "@preact/signals";
import { expect, test } from "vitest";
import { predict } from "../src/state/change";
import { Grip } from "../src/state/grip";
import { AT, snapshot, task } from "./samples";

const TASKS = [
  task("a", { position: "a0" }),
  task("b", { position: "a1" }),
  task("c", { position: "a2" }),
  task("d", { status: "done", position: "a0" }),
];

function ids(tasks: { id: string }[]): string[] {
  return tasks.map((each) => each.id);
}

test("a card in hand shows where it would land, and nowhere else", () => {
  const grip = new Grip(signal(TASKS));
  grip.take(TASKS[0]!, "pointer");
  grip.carry({ status: "done", index: 1 });
  expect(ids(grip.shown.value.todo)).toEqual(["b", "c"]);
  expect(ids(grip.shown.value.done)).toEqual(["d", "a"]);
  expect(ids(grip.settled.value.todo)).toEqual(["a", "b", "c"]);
});

test("a drop names the neighbours, and predicting it gives the order that was shown", () => {
  const grip = new Grip(signal(TASKS));
  grip.take(TASKS[0]!, "pointer");
  grip.carry({ status: "todo", index: 1 });
  const shown = ids(grip.shown.value.todo);
  const move = grip.drop()!;
  expect(move).toEqual({ task: "a", status: "todo", after: "b", before: "c" });

  const after = predict(snapshot(TASKS), { kind: "move", mutation: "m", made_at: AT, ...move });
  expect(ids(new Grip(signal(after.tasks)).settled.value.todo)).toEqual(shown);
});

test("a drop where the card was is no move; a slot that does not exist is the last one", () => {
  const grip = new Grip(signal(TASKS));
  grip.take(TASKS[1]!, "keyboard");
  grip.carry({ status: "todo", index: 99 });
  expect(grip.held.value!.to.index).toBe(2);
  grip.carry({ status: "todo", index: 1 });
  expect(grip.drop()).toBeNull();
  expect(grip.drop()).toBeNull();
});

test("a card that somebody else moves meanwhile is in hand only once", () => {
  const tasks = signal(TASKS);
  const grip = new Grip(tasks);
  grip.take(TASKS[0]!, "pointer");
  tasks.value = [task("a", { status: "done", position: "a5", title: "Moved" }), ...TASKS.slice(1)];
  grip.carry({ status: "in_progress", index: 0 });
  const { todo, in_progress, done } = grip.shown.value;
  expect([ids(todo), ids(in_progress), ids(done)]).toEqual([["b", "c"], ["a"], ["d"]]);
  expect(in_progress[0]!.title).toBe("Moved");
});

test("a column that stays the same is the same object", () => {
  const tasks = signal(TASKS);
  const grip = new Grip(tasks);
  const before = grip.settled.value;
  tasks.value = TASKS.with(3, task("d", { status: "done", title: "D" }));
  expect(grip.settled.value.todo).toBe(before.todo);
  expect(grip.settled.value.done).not.toBe(before.done);
});
