import { type Signal, signal } from "@preact/signals";
import { beforeEach, expect, test, vi } from "vitest";
import { type Answer, Unavailable } from "../src/api/request";
import type { Comment } from "../src/api/shapes";
import { Board } from "../src/state/board";
import type { Change } from "../src/state/change";
import type { CommentDeed } from "../src/state/comment_change";
import { Discussion } from "../src/state/discussion";
import { ADA, AT, BOB, event, snapshot, task } from "./samples";

let changes: Signal<readonly Change[]>;
let discussion: Discussion;
/** The pages that the server gives, newest first, each with the address of the next. */
let pages: (() => Promise<Answer<Comment[]>>)[];

beforeEach(() => {
  vi.stubGlobal("document", { baseURI: "https://board.example/" });
  changes = signal<readonly Change[]>([]);
  pages = [];
  discussion = new Discussion("1", "p", changes, () => pages.shift()!());
});

function comment(id: string, parent_id: string | null = null, more: Partial<Comment> = {}): Comment {
  return {
    id,
    task_id: "1",
    parent_id,
    author_id: ADA,
    body: `Body ${id}`,
    mentions: [],
    reactions: [],
    resolved_at: null,
    edited_at: null,
    deleted_at: null,
    version: 1,
    created_at: AT,
    ...more,
  };
}

function page(comments: Comment[], next = ""): () => Promise<Answer<Comment[]>> {
  const headers = new Headers(next ? { Link: `<?cursor=${next}>; rel="next"` } : {});
  return () => Promise.resolve({ body: comments, headers });
}

function change(id: string, deed: CommentDeed): Change {
  return { kind: "comment", mutation: `m-${id}-${deed.do}`, task: "1", made_at: AT, comment: id, deed };
}

function shown(): string[] {
  return discussion.threads.value.flatMap(({ first, replies }) => [
    first ? (first.deleted_at ? `(${first.id})` : first.id) : "?",
    ...replies.map(({ id }) => `  ${id}`),
  ]);
}

test("threads are in order, each with its replies", async () => {
  pages = [page([comment("c"), comment("d", "a"), comment("b", "a"), comment("a")])];
  await discussion.load();
  expect(shown()).toEqual(["a", "  b", "  d", "c"]);
  expect(discussion.hasEarlier.value).toBe(false);
});

test("an event while a page is on its way counts after it", async () => {
  let arrive: (() => void) | undefined;
  pages = [
    () =>
      new Promise((resolve) => {
        arrive = () => resolve({ body: [comment("b"), comment("a")], headers: new Headers() });
      }),
  ];
  const loading = discussion.load();
  discussion.hear(event(1, "comment.deleted", { comment: { id: "a", task_id: "1" } }));
  discussion.hear(event(2, "comment.updated", { comment: comment("b", null, { body: "New" }), changed: ["body"] }));
  discussion.hear(event(3, "comment.created", { comment: comment("c") }));
  arrive!();
  await loading;
  expect(shown()).toEqual(["b", "c"]);
  expect(discussion.threads.value[0]!.first!.body).toBe("New");
});

test("earlier pages come on request, and comments of pages that are not here stay away", async () => {
  pages = [page([comment("e"), comment("d")], "x"), page([comment("b", "a"), comment("a")])];
  await discussion.load();
  expect(shown()).toEqual(["d", "e"]);
  discussion.hear(event(1, "comment.created", { comment: comment("f", "a") }));
  discussion.hear(event(2, "comment.created", { comment: comment("g", "d") }));
  expect(shown()).toEqual(["d", "  g", "e"]);
  await discussion.more();
  expect(shown()).toEqual(["a", "  b", "d", "  g", "e"]);
});

test("a deleted comment leaves a tombstone, which goes with its last reply", async () => {
  pages = [page([comment("b", "a"), comment("a")])];
  await discussion.load();
  discussion.hear(event(1, "comment.deleted", { comment: { id: "a", task_id: "1" } }));
  expect(shown()).toEqual(["(a)", "  b"]);
  expect(discussion.threads.value[0]!.first!.body).toBe("");
  discussion.hear(event(2, "comment.deleted", { comment: { id: "b", task_id: "1" } }));
  expect(shown()).toEqual([]);
});

test("a restored comment takes its place, and a restored reply asks for the tombstone above it", async () => {
  pages = [
    page([comment("c"), comment("b", "a"), comment("a")]),
    page([comment("c"), comment("b", "a"), comment("a", null, { deleted_at: AT })]),
  ];
  await discussion.load();
  discussion.hear(event(1, "comment.deleted", { comment: { id: "a", task_id: "1" } }));
  discussion.hear(event(2, "comment.created", { comment: comment("a", null, { version: 3 }), restored: true }));
  expect(shown()).toEqual(["a", "  b", "c"]);
  discussion.hear(event(3, "comment.deleted", { comment: { id: "a", task_id: "1" } }));
  discussion.hear(event(4, "comment.deleted", { comment: { id: "b", task_id: "1" } }));
  expect(shown()).toEqual(["c"]);
  discussion.hear(event(5, "comment.created", { comment: comment("b", "a"), restored: true }));
  await vi.waitFor(() => expect(shown()).toEqual(["(a)", "  b", "c"]));
});

test("comments of other tasks are not heard", async () => {
  pages = [page([])];
  await discussion.load();
  discussion.hear(event(1, "comment.created", { comment: comment("a", null, { task_id: "2" }) }));
  expect(shown()).toEqual([]);
});

test("one's own changes show at once", async () => {
  const reactions = [{ emoji: "👍", user_ids: [BOB] }];
  pages = [page([comment("b", null, { reactions }), comment("a")])];
  await discussion.load();
  changes.value = [
    change("new-1", { do: "add", body: "Mine", parent: "a", author: ADA }),
    change("b", { do: "react", emoji: "👍", on: true, person: ADA }),
    change("b", { do: "react", emoji: "🚀", on: true, person: ADA }),
    change("a", { do: "edit", body: "Changed" }),
    change("a", { do: "resolve", resolved: true }),
  ];
  expect(shown()).toEqual(["a", "  new-1", "b"]);
  const [a, b] = discussion.threads.value;
  expect([a!.first!.body, a!.first!.resolved_at]).toEqual(["Changed", AT]);
  expect(b!.first!.reactions).toEqual([
    { emoji: "👍", user_ids: [BOB, ADA] },
    { emoji: "🚀", user_ids: [ADA] },
  ]);
  changes.value = [change("b", { do: "react", emoji: "👍", on: false, person: ADA }), change("a", { do: "delete" })];
  expect(shown()).toEqual(["b"]);
});

test("a failed page can be loaded again", async () => {
  pages = [() => Promise.reject(new Unavailable("down")), page([comment("a")])];
  await discussion.load();
  expect(discussion.state.value).toBe("failed");
  await discussion.load();
  expect(shown()).toEqual(["a"]);
});

test("the count on the card has one's own comment until its event comes", () => {
  const board = new Board(ADA);
  board.load(snapshot([task("1", { comment_count: 2 })], 10), new Set());
  const add = change("new-1", { do: "add", body: "Mine", parent: null, author: ADA });
  const count = () => board.visible.value!.tasks[0]!.comment_count;
  board.begin(add);
  expect(count()).toBe(3);
  board.answer(add.mutation, null);
  expect(count()).toBe(3);
  board.apply(event(11, "comment.created", { comment: comment("c") }, { mutation_id: add.mutation }));
  expect([count(), board.changes.value]).toEqual([3, []]);
});

test("a made change that may have no event is handed over at its answer", async () => {
  pages = [page([comment("c")])];
  await discussion.load();
  const board = new Board(ADA);
  board.load(snapshot([task("1")], 10), new Set());
  board.commentMade = (made) => discussion.settle(made);
  const react = change("c", { do: "react", emoji: "👍", on: true, person: ADA });
  board.begin(react);
  board.answer(react.mutation, null);
  expect(board.changes.value).toEqual([]);
  expect(discussion.threads.value[0]!.first!.reactions).toEqual([{ emoji: "👍", user_ids: [ADA] }]);
});
