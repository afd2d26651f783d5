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
  column: "todo",
  status: "todo",
  author: ADA,
};

test("the members stay the same object while only tasks change", () => {
  const it = board([task("1")]);
  const { value: members } = it.members;
  it.apply(event(11, "task.updated", { task: task("1", { title: "Other", version: 2 }), changed: ["title"] }));
  it.begin(rename);
  expect(it.members.value).toBe(members);
});

test("a change shows at once, until it is withdrawn", () => {
  const it = board([task("1")]);
  it.begin(rename);
  expect(titles(it)).toEqual(["One"]);
  it.withdraw("m1");
  expect(titles(it)).toEqual(["Task 1"]);
});

test("a task is found by its id, and by the one that it had here", () => {
  const it = board([task("1")]);
  it.begin(creation);
  expect(it.find("new-1")?.title).toBe("Fresh");
  it.answer("m2", { id: "2", version: 1 });
  expect(it.find("new-1")?.title).toBe("Fresh"); // its event is still to come
  expect(it.find("2")?.title).toBe("Fresh");
  expect(it.find("1")?.title).toBe("Task 1");
  expect(it.find("3")).toBeNull();
  expect(it.find(null)).toBeNull();
});

test("others' events show below one's own unanswered change", () => {
  const it = board([task("1")]);
  it.begin(rename);
  it.apply(event(11, "task.updated", { task: task("1", { title: "Theirs", labels: ["x"], version: 2 }) }));
  expect(it.visible.value!.tasks[0]).toMatchObject({ title: "One", labels: ["x"] });
});

test("the event of one's own change replaces the prediction", () => {
  const it = board([task("1")]);
  it.begin(rename);
  it.apply(event(11, "task.updated", { task: task("1", { title: "One!", version: 2 }) }, { mutation_id: "m1" }));
  expect(titles(it)).toEqual(["One!"]);
  expect(it.isPending("m1")).toBe(false);
});

test("after an answer, the prediction stays until the event comes", () => {
  const it = board([task("1")]);
  it.begin(rename);
  it.answer("m1", task("1", { title: "One", version: 2 }));
  expect(titles(it)).toEqual(["One"]);
  expect(it.waiting.value).toBe(0);
  it.apply(event(11, "task.updated", { task: task("1", { title: "One", version: 2 }) }));
  expect(it.isPending("m1")).toBe(false);
});

test("a change without an effect, and so without an event, ends with its answer", () => {
  const it = board([task("1", { version: 4 })]);
  it.begin(rename);
  it.answer("m1", task("1", { version: 4 }));
  expect(it.isPending("m1")).toBe(false);
});

test("a new task keeps its id on screen when the server gives it another", () => {
  const it = board([]);
  it.begin(creation);
  expect(it.visible.value!.tasks[0]!.id).toBe("new-1");
  it.apply(event(11, "task.created", { task: task("7", { title: "Fresh" }) }, { mutation_id: "m2" }));
  expect(it.visible.value!.tasks.map((each) => each.id)).toEqual(["7"]);
  expect(it.lastingId("7")).toBe("new-1");
  expect(it.real({ ...made, kind: "delete", mutation: "m3", task: "new-1" }).task).toBe("7");
});

test("a new task that an earlier page has sent is not shown beside what it has become", () => {
  const it = board([task("1"), task("7", { title: "Fresh" }), task("8", { title: "Fresh", created_by: "bob" })]);
  it.begin(creation, { wasSent: true });
  it.begin({ ...rename, task: "new-1", fields: { title: "Renamed" } });
  expect(titles(it)).toEqual(["Task 1", "Renamed", "Fresh"]);
  expect(it.find("new-1")?.id).toBe("7");
  it.begin({ ...creation, mutation: "m3", task: "new-2" }, { wasSent: true }); // the same words once more
  expect(titles(it)).toEqual(["Task 1", "Renamed", "Fresh", "Fresh"]);
});

test("a guess at what a new task has become changes nothing that is sent, and ends with the answer", () => {
  const it = board([task("7", { title: "Fresh" })]);
  it.begin(creation, { wasSent: true });
  expect(it.realId("new-1")).toBe("new-1");
  it.answer("m2", { id: "9", version: 1 });
  expect([it.realId("new-1"), titles(it)]).toEqual(["9", ["Fresh", "Fresh"]]); // it was another one
  it.apply(event(11, "task.created", { task: task("9", { title: "Fresh" }) }));
  expect(it.visible.value!.tasks.map(({ id }) => id)).toEqual(["7", "9"]);
});

test("a new task is shown beside one with the same title that is older, or that this page has made", () => {
  const it = board([task("7", { title: "Fresh", created_at: "2026-01-02T03:00:00Z" })]);
  it.begin(creation, { wasSent: true });
  expect(titles(it)).toEqual(["Fresh", "Fresh"]);
  const other = board([task("7", { title: "Fresh" })]);
  other.begin(creation);
  expect(titles(other)).toEqual(["Fresh", "Fresh"]);
});

test("a repeat changes nothing, and a gap is reported", () => {
  const it = board([task("1")], 10);
  const next = event(11, "task.deleted", { task: task("1") });
  expect(it.apply(next)).toBe("applied");
  expect(it.apply(next)).toBe("known");
  expect(it.apply(event(13, "task.created", { task: task("2") }))).toBe("gap");
  expect(it.visible.value!.tasks).toEqual([]);
});

test("a fresh snapshot ends only the changes it includes", () => {
  const it = board([task("1")]);
  it.begin(creation);
  it.answer("m2", task("7", { title: "Fresh" }));
  it.begin(rename);
  const included = it.answered();
  it.load(snapshot([task("1")], 20), included); // the new task was deleted by somebody meanwhile
  expect(titles(it)).toEqual(["One"]);
  expect(it.isPending("m1")).toBe(true);
});

test("a comment that may be in a snapshot is there once when the next one is loaded", () => {
  const deed = { do: "add", body: "Yes.", parent: null, author: ADA } as const;
  const comment = { ...made, kind: "comment", task: "1", comment: "new", deed } as const;
  const stored = snapshot([task("1", { comment_count: 1 })], 11);
  const count = (of: Board) => of.visible.value!.tasks[0]!.comment_count;

  for (const isLate of [false, true]) {
    // The device may read what it has kept before the server's answer, or after it.
    const it = new Board(ADA);
    if (isLate) it.load(stored, it.answered());
    it.begin({ ...comment, mutation: "m4" }, { isKept: true });
    if (!isLate) it.load(stored, it.answered());
    expect(it.isUnsure.value).toBe(false);
    it.answer("m4", null);
    expect(it.isUnsure.value).toBe(true);
    it.load(stored, it.answered());
    expect([it.isUnsure.value, count(it)]).toEqual([false, 1]);

    it.begin({ ...comment, mutation: "m5" }); // of this page: its event is still to come
    it.answer("m5", null);
    expect([it.isUnsure.value, count(it)]).toEqual([false, 2]);
  }
});

test("an older snapshot ends the changes it includes, too", () => {
  const it = board([task("1")], 20);
  it.begin(creation);
  it.answer("m2", task("7", { title: "Fresh" }));
  it.load(snapshot([task("1"), task("7")], 19), it.answered());
  expect(titles(it)).toEqual(["Task 1"]); // deleted since
});

test("an older snapshot is ignored, unless it is of a new stream", () => {
  const it = board([task("1")], 10);
  it.load(snapshot([], 9), NOTHING);
  expect(titles(it)).toEqual(["Task 1"]);
  const other = snapshot([], 2);
  it.load({ ...other, stream: { ...other.stream, epoch: "e2" } }, NOTHING);
  expect(titles(it)).toEqual([]);
});

test("rights depend on the role and the state of the project", () => {
  const it = board([]);
  expect(it.canEdit.value).toBe(true);
  const members = snapshot().members;
  it.apply(event(11, "member.updated", { member: { ...members[0]!, role: "viewer" } }));
  expect(it.canEdit.value).toBe(false);
});
