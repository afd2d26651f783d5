import { expect, test } from "vitest";
import { Board } from "../src/state/board";
import type { Change } from "../src/state/change";
import { ADA, AT, event, snapshot, task } from "./samples";

const made = { made_at: AT };
const NOTHING: ReadonlySet<string> = new Set();

function board(...tasks: Parameters<typeof snapshot>): Board {
  const board = new Board(ADA);
  board.load(snapshot(...tasks), NOTHING);
  return board;
}

function titles(board: Board): string[] {
  return board.visible.value!.tasks.map((each) => each.title);
}

const rename: Change = {
  ...made,
  kind: "edit",
  mutation: "m1",
  task: "1",
  fields: { title: "One" },
  base: { title: "Task 1" },
  version: 1,
};
const creation: Change = {
  ...made,
  kind: "create",
  mutation: "m2",
  task: "new-1",
  title: "Fresh",
  status: "todo",
  author: ADA,
};

test("a change shows at once and goes when it is withdrawn", () => {
  const it = board([task("1")]);
  it.begin(rename);
  expect(titles(it)).toEqual(["One"]);
  it.withdraw("m1");
  expect(titles(it)).toEqual(["Task 1"]);
});

test("events of others are seen below one's own unanswered change", () => {
  const it = board([task("1")]);
  it.begin(rename);
  it.apply(event(11, "task.updated", { task: task("1", { title: "Theirs", labels: ["x"], version: 2 }) }));
  expect(it.visible.value!.tasks[0]).toMatchObject({ title: "One", labels: ["x"] });
});

test("the event of one's own change takes the place of the guess", () => {
  const it = board([task("1")]);
  it.begin(rename);
  it.apply(event(11, "task.updated", { task: task("1", { title: "One!", version: 2 }) }, { mutation_id: "m1" }));
  expect(titles(it)).toEqual(["One!"]);
  expect(it.isPending("m1")).toBe(false);
});

test("an answer before the event keeps the guess on screen until the event is there", () => {
  const it = board([task("1")]);
  it.begin(rename);
  it.answer("m1", task("1", { title: "One", version: 2 }));
  expect(titles(it)).toEqual(["One"]);
  expect(it.waiting.value).toBe(0);
  it.apply(event(11, "task.updated", { task: task("1", { title: "One", version: 2 }) }));
  expect(it.isPending("m1")).toBe(false);
});

test("a change that changed nothing ends with its answer: no event will tell", () => {
  const it = board([task("1", { version: 4 })]);
  it.begin(rename);
  it.answer("m1", task("1", { version: 4 }));
  expect(it.isPending("m1")).toBe(false);
});

test("a new task keeps its name on screen when the server gives it another", () => {
  const it = board([]);
  it.begin(creation);
  expect(it.visible.value!.tasks[0]!.id).toBe("new-1");
  it.apply(event(11, "task.created", { task: task("7", { title: "Fresh" }) }, { mutation_id: "m2" }));
  expect(it.visible.value!.tasks.map((each) => each.id)).toEqual(["7"]);
  expect(it.lastingId("7")).toBe("new-1");
  expect(it.real({ ...made, kind: "delete", mutation: "m3", task: "new-1" }).task).toBe("7");
});

test("repeats are harmless, and a gap is told and not applied", () => {
  const it = board([task("1")], 10);
  const next = event(11, "task.deleted", { task: task("1") });
  expect(it.apply(next)).toBe("applied");
  expect(it.apply(next)).toBe("known");
  expect(it.apply(event(13, "task.created", { task: task("2") }))).toBe("gap");
  expect(it.visible.value!.tasks).toEqual([]);
});

test("a fresh snapshot ends the changes it holds, and only those", () => {
  const it = board([task("1")]);
  it.begin(creation);
  it.answer("m2", task("7", { title: "Fresh" }));
  it.begin(rename);
  const included = it.answered();
  it.load(snapshot([task("1")], 20), included); // the new task was deleted by somebody meanwhile
  expect(titles(it)).toEqual(["One"]);
  expect(it.isPending("m1")).toBe(true);
});

test("an older snapshot of the same stream is ignored, one of a new stream is taken", () => {
  const it = board([task("1")], 10);
  it.load(snapshot([], 9), NOTHING);
  expect(titles(it)).toEqual(["Task 1"]);
  const other = snapshot([], 2);
  it.load({ ...other, stream: { ...other.stream, epoch: "e2" } }, NOTHING);
  expect(titles(it)).toEqual([]);
});

test("what one may do follows the members and the state of the project", () => {
  const it = board([]);
  expect(it.canEdit.value).toBe(true);
  const members = snapshot().members;
  it.apply(event(11, "member.updated", { member: { ...members[0]!, role: "viewer" } }));
  expect(it.canEdit.value).toBe(false);
});
