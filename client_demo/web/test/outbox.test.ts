import { effect } from "@preact/signals";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { KeptMap } from "../src/account/kept_map";
import { SignedOut } from "../src/account/session";
import { Refused, Unavailable } from "../src/api/request";
import type { Task } from "../src/api/shapes";
import { Board } from "../src/state/board";
import type { Change } from "../src/state/change";
import { byPosition } from "../src/state/columns";
import { Outbox, type Refusal, type Waiting } from "../src/state/outbox";
import { ADA, AT, Browser, event, snapshot, task } from "./samples";

let browser: Browser;
let board: Board;
let sent: Change[];
let refusals: Refusal[];
let created: [string, string][];
/** The server's answers, one per request; the last one repeats. */
let answers: ((change: Change) => Task | null)[];

beforeEach(() => {
  vi.useFakeTimers();
  browser = new Browser();
  board = loadedBoard();
  sent = [];
  refusals = [];
  created = [];
  answers = [() => null];
});

afterEach(() => {
  vi.useRealTimers();
});

function loadedBoard(): Board {
  const loaded = new Board(ADA);
  loaded.load(snapshot([task("1")]), new Set());
  return loaded;
}

/** A tab of the browser, with the project open. */
function outbox(shown = board): Outbox {
  const deliver = async (_: string, change: Change) => {
    sent.push(structuredClone(change));
    return (answers.length > 1 ? answers.shift()! : answers[0]!)(change);
  };
  const changes = new KeptMap<Waiting>("changes", Promise.resolve(browser.database), browser.channel());
  const opened = new Outbox(changes, browser.alone, deliver, {
    refused: (refusal) => refusals.push(refusal),
    created: (here, id) => created.push([here, id]),
  });
  opened.attach("p", shown);
  return opened;
}

/** The changes on the device. */
function kept(): string[] {
  return [...browser.database.store("changes").keys()];
}

function create(mutation = "m1"): Change & { kind: "create" } {
  return { kind: "create", mutation, task: "new-1", made_at: AT, title: "X", status: "todo", author: ADA };
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

test("changes are sent one at a time, in order", async () => {
  answers = [(change) => task("1", { version: change.mutation === "m1" ? 2 : 3 })];
  const it = outbox();
  it.add("p", [rename("A")]);
  it.add("p", [rename("B", "m2")]);
  await it.idle();
  expect(sent.map((change) => change.mutation)).toEqual(["m1", "m2"]);
  expect(kept()).toEqual([]);
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
  it.add("p", [rename("A")]);
  expect(title()).toBe("A");
  await it.idle();
  expect(title()).toBe("Task 1");
  expect(refusals).toMatchObject([{ message, change: { mutation: "m1" } }]);
});

test("an edit that conflicts with no other is sent again for the newer version", async () => {
  answers = [() => stale(task("1", { labels: ["theirs"], version: 5 })), () => task("1", { title: "A", version: 6 })];
  const it = outbox();
  it.add("p", [rename("A")]);
  await it.idle();
  expect(sent.map((change) => change.kind === "edit" && change.version)).toEqual([1, 5]);
  expect(refusals).toEqual([]);
});

test("an edit of a field that somebody else changed is undone, and names the field", async () => {
  answers = [() => stale(task("1", { title: "Theirs", version: 5 }))];
  const it = outbox();
  it.add("p", [rename("A")]);
  await it.idle();
  expect(refusals).toMatchObject([{ conflicting: ["title"] }]);
});

test("a newer version with our own text is a lost answer, not a conflict", async () => {
  answers = [() => stale(task("1", { title: "A", version: 2 }))];
  const it = outbox();
  it.add("p", [rename("A")]);
  await it.idle();
  expect(refusals).toEqual([]);
});

const undos: Change[] = [
  {
    ...{ kind: "move", mutation: "m1", task: "1", made_at: AT, column: "todo", status: "todo" },
    ...{ after: null, before: null, version: 3, base: { column_id: "in_progress" } },
  },
  { kind: "delete", mutation: "m1", task: "1", made_at: AT, version: 3, base: { title: "Task 1", labels: ["mine"] } },
];
const asUndone: Partial<Task> = { status: "in_progress", labels: ["mine"], version: 5 };

test.each(undos)("an undo ($kind) is not refused for a version that an earlier change has made", async (undo) => {
  answers = [() => stale(task("1", { ...asUndone, due_on: "2026-02-03" })), () => task("1", { version: 6 })];
  const it = outbox();
  it.add("p", [undo]);
  await it.idle();
  expect(sent.map((change) => "version" in change && change.version)).toEqual([3, 5]);
  expect(refusals).toEqual([]);
});

test.each(undos)("an undo ($kind) is refused where somebody has changed the same", async (undo) => {
  answers = [() => stale(task("1", { ...asUndone, status: "done", title: "Theirs" }))];
  const it = outbox();
  it.add("p", [undo]);
  await it.idle();
  expect(sent).toHaveLength(1);
  expect(refusals).toMatchObject([{ change: { kind: undo.kind }, message: "Somebody changed it.", conflicting: [] }]);
});

test("an undo that finds the task in its place has lost an answer", async () => {
  answers = [() => stale(task("1", { version: 4 }))];
  const it = outbox();
  it.add("p", [undos[0]!]);
  await it.idle();
  expect(sent).toHaveLength(1);
  expect(refusals).toEqual([]);
});

test("without a network, changes wait, and are sent with the same key later", async () => {
  answers = [down, () => task("1", { title: "A", version: 2 })];
  const it = outbox();
  it.add("p", [rename("A")]);
  await vi.advanceTimersByTimeAsync(0);
  expect(it.isBlocked.value).toBe(true);
  expect(board.waiting.value).toBe(1);
  expect(title()).toBe("A");

  it.wake();
  await it.idle();
  expect(sent.map((change) => change.mutation)).toEqual(["m1", "m1"]);
  expect(it.isBlocked.value).toBe(false);
});

test("pauses between tries grow, and Retry-After is respected", async () => {
  answers = [
    () => {
      throw new Unavailable("Busy.", 30);
    },
    () => task("1", { version: 2 }),
  ];
  const it = outbox();
  it.add("p", [rename("A")]);
  await vi.advanceTimersByTimeAsync(29_000);
  expect(sent).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(sent).toHaveLength(2);
});

test("a change whose event has come is not sent again", async () => {
  answers = [down];
  const it = outbox();
  it.add("p", [rename("A")]);
  await vi.advanceTimersByTimeAsync(0);
  board.apply(event(11, "task.updated", { task: task("1", { title: "A", version: 2 }) }, { mutation_id: "m1" }));
  it.wake();
  await it.idle();
  expect(sent).toHaveLength(1);
  expect(kept()).toEqual([]);
});

test("a new task whose answer went with the page is shown once after a reload", async () => {
  const first = outbox();
  answers = [down];
  first.add("p", [create()]);
  await vi.advanceTimersByTimeAsync(100);
  first.close();
  const next = new Board(ADA);
  const it = outbox(next);
  next.load(snapshot([task("1"), task("7", { title: "X" })]), new Set());
  await vi.advanceTimersByTimeAsync(100);
  expect(kept()).toEqual(["m1"]);
  expect(next.visible.value!.tasks.map(({ id }) => id)).toEqual(["1", "7"]);
  answers = [() => task("7", { title: "X" })];
  it.wake();
  await it.idle();
  expect(next.visible.value!.tasks.map(({ id }) => id)).toEqual(["1", "7"]);
  expect(created).toEqual([["new-1", "7"]]);
});

test("changes that waited before a reload are shown and sent after it", async () => {
  answers = [down];
  const before = outbox();
  before.add("p", [rename("A")]);
  await vi.advanceTimersByTimeAsync(0);
  before.close();

  board = loadedBoard();
  answers = [() => task("1", { title: "A", version: 2 })];
  await outbox().idle();
  expect(title()).toBe("A");
  expect(sent.map((change) => change.mutation)).toEqual(["m1", "m1"]);
});

test("changes to a task that could not be created come back with it", async () => {
  answers = [
    () => {
      throw new Refused(403, "FORBIDDEN", "No.");
    },
  ];
  const it = outbox();
  it.add("p", [create()]);
  it.add("p", [{ ...rename("Y", "m2"), task: "new-1" }]);
  await it.idle();
  expect(sent).toHaveLength(1);
  expect(refusals.map((each) => [each.change.mutation, each.isConsequence])).toEqual([
    ["m1", false],
    ["m2", true],
  ]);
  expect(board.visible.value!.tasks).toHaveLength(1);
  expect(kept()).toEqual([]);
});

test("the next tab finds the server's id in changes of a task that was created", async () => {
  answers = [() => task("server", { title: "X" }), down];
  const before = outbox();
  before.add("p", [create()]);
  before.add("p", [{ ...rename("Y", "m2"), task: "new-1" }]);
  await vi.advanceTimersByTimeAsync(0);
  before.close();
  expect(created[0]).toEqual(["new-1", "server"]);

  board = loadedBoard();
  answers = [() => task("server", { title: "Y", version: 2 })];
  await outbox().idle();
  expect(sent.map((change) => [change.mutation, change.task])).toEqual([
    ["m1", "new-1"],
    ["m2", "server"], // without a network
    ["m2", "server"],
  ]);
});

test("a new task that may have been added long ago is not sent again", async () => {
  answers = [down];
  const before = outbox();
  before.add("p", [create()]);
  await vi.advanceTimersByTimeAsync(0);
  before.close();
  vi.setSystemTime(Date.now() + 24 * 3_600_000); // the server has forgotten the key
  await outbox(loadedBoard()).idle();
  expect(sent).toHaveLength(1);
  expect(refusals).toMatchObject([{ change: { kind: "create", title: "X" } }]);
});

test("two tabs send each change once, in order, and show the same", async () => {
  let version = 1;
  answers = [(change) => task("1", { ...(change.kind === "edit" && change.fields), version: ++version })];
  const otherBoard = loadedBoard();
  const [here, there] = [outbox(), outbox(otherBoard)];
  for (const [tab, letter] of [
    [here, "A"],
    [there, "B"],
    [here, "C"],
    [there, "D"],
  ] as const) {
    tab.add("p", [rename(letter, letter)]);
    vi.setSystemTime(Date.now() + 5);
  }
  await vi.advanceTimersByTimeAsync(0);
  await Promise.all([here.idle(), there.idle()]);
  expect(sent.map((change) => change.mutation)).toEqual(["A", "B", "C", "D"]);
  expect(kept()).toEqual([]);
  for (const each of [board, otherBoard]) {
    each.apply(event(11, "task.updated", { task: task("1", { title: "D", version: 5 }) }));
    expect(each.visible.value!.tasks[0]!.title).toBe("D");
    expect(each.waiting.value).toBe(0);
  }
});

test("a change of a kind that only a newer page knows stays on the device", async () => {
  const change = { kind: "newer", mutation: "m0", task: "1", made_at: AT };
  browser.database.store("changes").set("m0", { project: "p", change, order: 1, tried_at: null });
  answers = [() => task("1", { title: "A", version: 2 })];
  const it = outbox();
  it.add("p", [rename("A")]);
  await it.idle();
  expect(sent.map((each) => each.mutation)).toEqual(["m1"]);
  expect(kept()).toEqual(["m0"]);
  expect(board.visible.value!.tasks).toHaveLength(1);
});

test("a change of a tab that was closed is sent by another", async () => {
  answers = [down];
  const first = outbox();
  const second = outbox(loadedBoard());
  first.add("p", [rename("A")]);
  await vi.advanceTimersByTimeAsync(0);
  first.close();
  answers = [() => task("1", { title: "A", version: 2 })];
  second.wake();
  await second.idle();
  expect(kept()).toEqual([]);
});

test("where nothing can be stored, changes are sent all the same", async () => {
  answers = [() => task("1", { title: "A", version: 2 })];
  browser.database.isFull = true;
  const it = outbox();
  it.add("p", [rename("A")]);
  await it.idle();
  expect(sent).toHaveLength(1);
});

test("labels are added and removed, whatever others have done to them", async () => {
  answers = [down];
  const it = outbox();
  it.add("p", [{ kind: "labels", mutation: "m1", task: "1", made_at: AT, add: ["mine"], remove: ["old"] }]);
  await vi.advanceTimersByTimeAsync(0);
  board.apply(event(11, "task.updated", { task: task("1", { labels: ["old", "theirs"], version: 2 }) }));
  expect(board.visible.value!.tasks[0]!.labels).toEqual(["theirs", "mine"]);
});

test("deleting a task that somebody else has deleted succeeds", async () => {
  answers = [
    () => {
      throw new Refused(404, "NOT_FOUND", "Gone.");
    },
  ];
  const it = outbox();
  it.add("p", [{ kind: "delete", mutation: "m1", task: "1", made_at: AT }]);
  await it.idle();
  expect(refusals).toEqual([]);
});

test("after a sign-out, changes are kept", async () => {
  answers = [
    () => {
      throw new SignedOut();
    },
  ];
  const it = outbox();
  it.add("p", [rename("A")]);
  await it.idle();
  expect(it.isBlocked.value).toBe(true);
  expect(kept()).toEqual(["m1"]);
});

test("a task that goes before one made here is sent with that one's id of the server", async () => {
  answers = [() => task("server-1"), () => task("server-2", { position: "Zz" })];
  const it = outbox();
  it.add("p", [create(), { ...create("m2"), task: "new-2", before: "new-1" }]);
  expect(board.visible.value!.tasks.toSorted(byPosition).map((each) => each.id)).toEqual(["1", "new-2", "new-1"]);
  await it.idle();
  expect(sent.map((change) => change.kind === "create" && change.before)).toEqual([undefined, "server-1"]);
});

test("many changes at once keep their order, and are drawn once", async () => {
  answers = [(change) => task(change.task, { labels: ["x"], version: 2 })];
  const many = Array.from({ length: 200 }, (_, index) => task(`t${index}`));
  board.load(snapshot(many, 11), new Set());
  const it = outbox();
  let drawings = 0;
  const stop = effect(() => {
    board.visible.value;
    drawings++;
  });
  const label = (id: string): Change => ({
    kind: "labels",
    mutation: id,
    task: id,
    made_at: AT,
    add: ["x"],
    remove: [],
  });
  it.add(
    "p",
    many.map(({ id }) => label(id)),
  );
  stop();
  expect(drawings).toBe(2);
  expect(board.waiting.value).toBe(200);
  await it.idle();
  expect(sent.map((change) => change.task)).toEqual(many.map(({ id }) => id));
});

test("a snapshot may include what the device has kept, and nothing that this page sends later", async () => {
  const deed = { do: "add", body: "Yes.", parent: null, author: ADA } as const;
  const comment = (mutation: string): Change => ({
    kind: "comment",
    mutation,
    task: "1",
    made_at: AT,
    comment: mutation,
    deed,
  });
  const waiting: Waiting = { project: "p", change: comment("m0"), order: 1, tried_at: Date.now() };
  browser.database.store("changes").set("m0", waiting);
  const it = outbox(); // the board has its snapshot before the device is read
  await it.idle();
  expect([sent.length, board.isUnsure.value]).toEqual([1, true]);
  board.load(snapshot([task("1", { comment_count: 1 })], 11), board.answered());
  it.add("p", [comment("m1")]);
  await it.idle();
  expect([sent.length, board.isUnsure.value]).toEqual([2, false]);
});
