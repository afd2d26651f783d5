import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SignedOut } from "../src/account/session";
import { Refused, Unavailable } from "../src/api/request";
import type { Task } from "../src/api/shapes";
import { Board } from "../src/state/board";
import type { Change } from "../src/state/change";
import { Outbox, type Refusal } from "../src/state/outbox";
import { ADA, AT, event, MemoryStorage, snapshot, task } from "./samples";

const KEY = "outbox";

let board: Board;
let storage: MemoryStorage;
let sent: Change[];
let refusals: Refusal[];
/** What the server says, one per request; the last one again and again. */
let answers: ((change: Change) => Task | null)[];

beforeEach(() => {
  vi.useFakeTimers();
  board = new Board(ADA);
  board.load(snapshot([task("1")]), new Set());
  storage = new MemoryStorage();
  sent = [];
  refusals = [];
  answers = [() => null];
});

afterEach(() => {
  vi.useRealTimers();
});

function outbox(): Outbox {
  const deliver = async (change: Change) => {
    sent.push(structuredClone(change));
    return (answers.length > 1 ? answers.shift()! : answers[0]!)(change);
  };
  return new Outbox(board, deliver, (refusal) => refusals.push(refusal), storage, KEY);
}

function rename(title: string, mutation = "m1", version = 1): Change & { kind: "edit" } {
  return { kind: "edit", mutation, task: "1", made_at: AT, fields: { title }, base: { title: "Task 1" }, version };
}

function down(): never {
  throw new Unavailable("No network.");
}

function stale(current: Task): never {
  throw new Refused(412, "PRECONDITION_FAILED", "Somebody changed it.", [current]);
}

function title(): string | undefined {
  return board.visible.value!.tasks[0]?.title;
}

test("changes go out one at a time, in order", async () => {
  answers = [(change) => task("1", { version: change.mutation === "m1" ? 2 : 3 })];
  const it = outbox();
  it.add(rename("A"));
  it.add(rename("B", "m2"));
  await it.idle();
  expect(sent.map((change) => change.mutation)).toEqual(["m1", "m2"]);
  expect(storage.length).toBe(0);
});

test.each([
  [403, "FORBIDDEN", "Your role does not allow this."],
  [404, "NOT_FOUND", "There is nothing here."],
  [409, "CONFLICT", "This does not fit."],
  [422, "VALIDATION", "Some fields are not valid."],
])("a change refused with %i is taken back, with the reason", async (status, code, message) => {
  answers = [
    () => {
      throw new Refused(status, code, message);
    },
  ];
  const it = outbox();
  it.add(rename("A"));
  expect(title()).toBe("A");
  await it.idle();
  expect(title()).toBe("Task 1");
  expect(refusals).toMatchObject([{ message, change: { mutation: "m1" } }]);
});

test("an edit of other fields than somebody else's is sent again for the newer version", async () => {
  answers = [() => stale(task("1", { labels: ["theirs"], version: 5 })), () => task("1", { title: "A", version: 6 })];
  const it = outbox();
  it.add(rename("A"));
  await it.idle();
  expect(sent.map((change) => change.kind === "edit" && change.version)).toEqual([1, 5]);
  expect(refusals).toEqual([]);
});

test("an edit of the same field as somebody else's is taken back, and says which", async () => {
  answers = [() => stale(task("1", { title: "Theirs", version: 5 }))];
  const it = outbox();
  it.add(rename("A"));
  await it.idle();
  expect(refusals).toMatchObject([{ conflicting: ["title"] }]);
});

test("a stale version that has our own text already is our lost answer, not a conflict", async () => {
  answers = [() => stale(task("1", { title: "A", version: 2 }))];
  const it = outbox();
  it.add(rename("A"));
  await it.idle();
  expect(refusals).toEqual([]);
});

test("without a network changes wait, and go out with the same key when it is back", async () => {
  answers = [down, () => task("1", { title: "A", version: 2 })];
  const it = outbox();
  it.add(rename("A"));
  await vi.advanceTimersByTimeAsync(0);
  expect(it.isBlocked.value).toBe(true);
  expect(board.waiting.value).toBe(1);
  expect(title()).toBe("A");

  it.wake();
  await it.idle();
  expect(sent.map((change) => change.mutation)).toEqual(["m1", "m1"]);
  expect(it.isBlocked.value).toBe(false);
});

test("pauses between tries grow, and the server's own wish is kept", async () => {
  answers = [
    () => {
      throw new Unavailable("Busy.", 30);
    },
    () => task("1", { version: 2 }),
  ];
  const it = outbox();
  it.add(rename("A"));
  await vi.advanceTimersByTimeAsync(29_000);
  expect(sent).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(sent).toHaveLength(2);
});

test("what the log shows to be made is not sent again", async () => {
  answers = [down];
  const it = outbox();
  it.add(rename("A"));
  await vi.advanceTimersByTimeAsync(0);
  board.apply(event(11, "task.updated", { task: task("1", { title: "A", version: 2 }) }, { mutation_id: "m1" }));
  it.wake();
  await it.idle();
  expect(sent).toHaveLength(1);
  expect(storage.length).toBe(0);
});

test("what waited before a reload is shown and sent after it", async () => {
  answers = [down];
  const before = outbox();
  before.add(rename("A"));
  await vi.advanceTimersByTimeAsync(0);
  before.close();

  board = new Board(ADA);
  board.load(snapshot([task("1")]), new Set());
  answers = [() => task("1", { title: "A", version: 2 })];
  const after = outbox();
  expect(title()).toBe("A");
  await after.idle();
  expect(sent.map((change) => change.mutation)).toEqual(["m1", "m1"]);
});

test("what was done to a task that could not be made goes with it", async () => {
  answers = [
    () => {
      throw new Refused(403, "FORBIDDEN", "No.");
    },
  ];
  const it = outbox();
  it.add({ kind: "create", mutation: "m1", task: "new-1", made_at: AT, title: "X", status: "todo", author: ADA });
  it.add({ ...rename("Y", "m2"), task: "new-1" });
  await it.idle();
  expect(sent).toHaveLength(1);
  expect(refusals).toHaveLength(1);
  expect(board.visible.value!.tasks).toHaveLength(1);
});

test("deleting what somebody else has deleted is done", async () => {
  answers = [
    () => {
      throw new Refused(404, "NOT_FOUND", "Gone.");
    },
  ];
  const it = outbox();
  it.add({ kind: "delete", mutation: "m1", task: "1", made_at: AT });
  await it.idle();
  expect(refusals).toEqual([]);
});

test("signed out, changes stay kept", async () => {
  answers = [
    () => {
      throw new SignedOut();
    },
  ];
  const it = outbox();
  it.add(rename("A"));
  await it.idle();
  expect(it.isBlocked.value).toBe(true);
  expect(storage.getItem(KEY)).toContain("m1");
});
