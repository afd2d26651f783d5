import { signal } from "@preact/signals";
import { expect, test } from "vitest";
import type { Task } from "../src/api/shapes";
import { movesTo } from "../src/state/bulk_moves";
import { predict } from "../src/state/change";
import { tasksIn } from "../src/state/columns";
import { type Selectable, Selection } from "../src/state/selection";
import { AT, snapshot, task } from "./samples";

const [A, B, C] = ["a", "b", "c"].map((id, index) => task(id, { position: `a${index}` })) as [Task, Task, Task];
const [D, E] = ["d", "e"].map((id, index) => task(id, { status: "done", position: `a${index}` })) as [Task, Task];
const ALL: Selectable = { order: ["todo", "done"], columns: { todo: [A, B, C], done: [D, E] } };

function selection(content = signal(ALL)): Selection {
  const it = new Selection((id) => id);
  it.show(content);
  return it;
}

function ids(it: Selection): string[] {
  return it.tasks.value.map((each) => each.id);
}

test("cards are selected one by one, in ranges and by column, and told in the order of the board", () => {
  const it = selection();
  it.toggle("e");
  it.toggle("a");
  expect(ids(it)).toEqual(["a", "e"]);
  it.toggle("e");
  expect(ids(it)).toEqual(["a"]);
  it.clear();
  it.extend("b"); // without a beginning
  it.extend("d");
  expect(ids(it)).toEqual(["b", "c", "d"]);
  it.extend("a");
  expect(ids(it)).toEqual(["a", "b", "c", "d"]);
  it.clear();
  it.addColumn("done");
  expect(ids(it)).toEqual(["d", "e"]);
});

test("a card that is gone or hidden is not selected any more, and does not come back selected", () => {
  const content = signal(ALL);
  const it = selection(content);
  for (const name of ["a", "b"]) it.toggle(name);
  content.value = { ...ALL, columns: { ...ALL.columns, todo: [B, C] } };
  expect(ids(it)).toEqual(["b"]);
  it.toggle("c");
  content.value = ALL;
  expect(ids(it)).toEqual(["b", "c"]);
});

test("what is selected stays the same object while others change other things", () => {
  const content = signal(ALL);
  const it = selection(content);
  it.toggle("a");
  const names = it.names.value;
  content.value = { ...ALL, columns: { ...ALL.columns, todo: [{ ...A, title: "New" }, B] } };
  expect(it.names.value).toBe(names);
});

test("the range begins at a card that has got the server's id since", () => {
  const content = signal({ order: ["todo"], columns: { todo: [{ ...A, id: "new-1" }, B, C] } });
  const it = new Selection((id) => (id === "server" ? "new-1" : id));
  it.show(content);
  it.toggle("new-1");
  content.value = { order: ["todo"], columns: { todo: [{ ...A, id: "server" }, B, C] } };
  it.extend("b");
  expect(ids(it)).toEqual(["server", "b"]);
});

function moved(tasks: Task[], column: string, index: number): string[] {
  const before = snapshot([A, B, C, D, E]);
  const there = tasksIn(before.tasks, column);
  const after = movesTo(tasks, there, index).reduce(
    (seen, move) => predict(seen, { kind: "move", mutation: "m", made_at: AT, column, status: "todo", ...move }),
    before,
  );
  return tasksIn(after.tasks, column).map((each) => each.id);
}

test("several tasks come to stand together, in their order", () => {
  expect(moved([A, C], "done", 1)).toEqual(["d", "a", "c", "e"]);
  expect(moved([A, C, E], "done", 2)).toEqual(["d", "a", "c", "e"]);
  expect(moved([D, E], "todo", 0)).toEqual(["d", "e", "a", "b", "c"]);
  expect(moved([A, D], "todo", 3)).toEqual(["b", "c", "a", "d"]);
  expect(movesTo([A, B], [A, B, C], 1)).toEqual([]);
});
