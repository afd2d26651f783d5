import { expect, test } from "vitest";
import { Refused } from "../src/api/request";
import { Feed, namesIn } from "../src/state/feed";
import { actorName, describe, describeInHistory, faceOf } from "../src/texts/events";
import { COLUMNS, event, LABEL, snapshot, task } from "./samples";

const LOG = Array.from({ length: 120 }, (_, index) => event(index + 1, "task.created", { task: task(String(index)) }));
const members = new Map(snapshot().members.map((member) => [member.user_id, member]));

async function get(path: string) {
  const query = new URL(path, "http://x/").searchParams;
  const after = Number(query.get("after"));
  return { body: LOG.slice(after, after + Number(query.get("limit"))), headers: new Headers() };
}

test("pages go back to the beginning without a gap, and live events are added", async () => {
  const feed = new Feed("p", get);
  feed.hear(event(120, "task.created", { task: task("x") })); // before anybody looks: nothing to follow on
  await feed.more(120);
  feed.hear(event(121, "task.deleted", { task: task("x") }));
  await feed.more(121);
  await feed.more(121);
  expect(feed.events.value.map((each) => each.offset)).toEqual(Array.from({ length: 121 }, (_, index) => 121 - index));
  expect(feed.state.value).toBe("complete");
});

function live(offset: number) {
  return event(offset, "task.created", { task: task(String(offset)) });
}

test("the newest 200 are kept, and more only when somebody asks for them", async () => {
  const feed = new Feed("p", get);
  await feed.more(120);
  for (let offset = 121; offset <= 1_000; offset++) feed.hear(live(offset));
  expect(feed.events.value.map((each) => each.offset)).toEqual(
    Array.from({ length: 200 }, (_, index) => 1_000 - index),
  );
  expect(feed.state.value).toBe("idle");

  const other = new Feed("p", get);
  for (let page = 0; page < 3; page++) await other.more(120);
  expect(other.state.value).toBe("complete");
  for (let offset = 121; offset <= 201; offset++) other.hear(live(offset));
  expect(other.events.value.at(-1)?.offset).toBe(2);
  expect(other.state.value).toBe("idle"); // there is an earlier one again
  await other.more(201);
  expect(other.state.value).toBe("complete");
  other.hear(live(202));
  expect(other.events.value).toHaveLength(201);
});

test("what comes while the first page is on its way is added to it", async () => {
  const feed = new Feed("p", get);
  const loading = feed.more(100);
  for (let offset = 99; offset <= 110; offset++) feed.hear(live(offset));
  await loading;
  expect(feed.events.value.map((each) => each.offset)).toEqual(Array.from({ length: 60 }, (_, index) => 110 - index));
});

test("the list begins anew where events are missing", async () => {
  const feed = new Feed("p", get);
  await feed.more(100);
  feed.hear(live(105));
  expect(feed.events.value.map((each) => each.offset)).toEqual([105]);
  await feed.more(105);
  expect(feed.events.value.map((each) => each.offset)).toEqual(Array.from({ length: 51 }, (_, index) => 105 - index));
});

test("the feed reports expired events", async () => {
  const feed = new Feed("p", async () => {
    throw new Refused(410, "EVENTS_EXPIRED", "Gone.");
  });
  await feed.more(500);
  expect(feed.state.value).toBe("expired");
});

test.each([
  [event(1, "task.created", { task: task("1") }), "added|Task 1|"],
  [
    event(1, "task.moved", { task: task("1", { status: "done" }), changed: ["status", "position"] }),
    "moved|Task 1|to Done",
  ],
  [event(1, "task.moved", { task: task("1"), changed: ["position"] }), "moved|Task 1|within To do"],
  [
    event(1, "task.moved", { task: task("1", { column_id: "c" }), changed: ["column_id", "position"] }),
    "moved|Task 1|to Review",
  ],
  [event(1, "column.created", { column: COLUMNS[0] }), "added the column|To do|"],
  [event(1, "column.updated", { column: COLUMNS[0], changed: ["name"] }), "renamed a column to|To do|"],
  [
    event(1, "column.updated", { column: COLUMNS[0], changed: ["wip_limit"] }),
    "changed the limit of the column|To do|",
  ],
  [event(1, "column.moved", { column: COLUMNS[0], changed: ["position"] }), "moved the column|To do|"],
  [event(1, "column.deleted", { column: { id: "gone" } }), "deleted a column||"],
  [event(1, "document.deleted", { document: { id: "gone" } }), "deleted a document||"],
  [event(1, "label.created", { label: LABEL }), "added the label|urgent|"],
  [
    event(1, "label.updated", { label: LABEL, changed: ["name", "color"], previous: { name: "late" } }),
    "renamed a label to|urgent|(was “late”)",
  ],
  [event(1, "label.updated", { label: LABEL, changed: ["color"] }), "changed the colour of the label|urgent|"],
  [event(1, "label.deleted", { label: { id: "l" } }), "deleted a label||"],
  [event(1, "task.updated", { task: task("1"), changed: ["title"] }), "renamed a task to|Task 1|"],
  [
    event(1, "task.updated", { task: task("1", { assignee_id: "ada" }), changed: ["assignee_id"] }),
    "assigned|Task 1|to Ada",
  ],
  [
    event(1, "task.updated", { task: task("1"), changed: ["labels", "due_on"] }),
    "changed the labels and the due date of|Task 1|",
  ],
  [event(1, "task.deleted", { task: { id: "1" } as never }), "deleted|Old title|"],
  [event(1, "member.added", { member: snapshot().members[0] }), "invited|Ada|as owner"],
  [event(1, "member.added", { member: snapshot().members[1] }), "joined as editor||"],
  [event(1, "member.updated", { member: snapshot().members[1], changed: ["role"] }), "made|Bob|an editor"],
  [
    event(1, "member.updated", { member: snapshot().members[1], changed: ["name"], previous: { name: "Rob" } }),
    "changed their name to|Bob|(was Rob)",
  ],
  [event(1, "member.updated", { member: snapshot().members[1], changed: ["name"] }), "changed their name to|Bob|"],
  [
    event(1, "member.updated", { member: snapshot().members[0], changed: ["name"], previous: { name: "Adele" } }),
    "renamed|Adele|to Ada",
  ],
  [event(1, "planet.discovered", {}), "planet discovered||"],
])("%j in words", (happened, words) => {
  const said = describe(
    happened,
    members,
    new Map([
      ["1", "Old title"],
      ["c", "Review"],
    ]),
  );
  expect([said.before, said.subject, said.after].join("|")).toBe(words);
});

test("what is gone keeps the name that it had last", () => {
  const document = { id: "d", title: "Plan" };
  const events = [
    event(9, "member.removed", { member: { user_id: "zoe" } }),
    event(8, "label.deleted", { label: { id: "urgent" } }),
    event(7, "column.deleted", { column: { id: "todo" } }),
    event(6, "document.deleted", { document: { id: "d" } }),
    event(5, "document.updated", { document: { ...document, title: "The plan" }, changed: ["title"] }),
    event(4, "document.created", { document }),
    event(3, "task.created", { task: task("1"), new_labels: [LABEL] }),
    event(2, "column.created", { column: COLUMNS[0] }),
    event(1, "member.added", { member: { user_id: "zoe", name: "Zoe Adams", role: "editor" } }),
  ];
  const said = events.slice(0, 4).map((each) => describe(each, members, namesIn(events)));
  expect(said.map(({ before, subject }) => `${before}|${subject}`)).toEqual([
    "removed|Zoe Adams",
    "deleted the label|urgent",
    "deleted the column|To do",
    "deleted the document|The plan",
  ]);
});

test("actors are named", () => {
  expect(actorName(event(1, "x", {}), members, "ada")).toBe("Bob");
  expect(actorName(event(1, "x", {}), members, "bob")).toBe("You");
  expect(actorName(event(1, "x", {}, { actor_id: "zoe" }), members, "bob")).toBe("A former member");
  const several = event(1, "task.updated", { by: ["bob", "ada"] }, { actor_id: null });
  expect(actorName(several, members, "ada")).toBe("Bob and You");
  expect(faceOf(several)).toBe("bob");
  expect(faceOf(event(1, "x", {}, { actor_id: null }))).toBe("");
});

test("the history of a task does not name the task again", () => {
  const comment = { id: "c", task_id: "1", parent_id: "b", resolved_at: null };
  const said = (type: string, data: object) => describeInHistory(event(1, type, data), new Map());
  expect(said("comment.created", { comment })).toBe("replied to a comment");
  expect(said("comment.created", { comment, restored: true })).toBe("restored a comment");
  expect(said("comment.updated", { comment, changed: ["reactions"] })).toBe("reacted to a comment");
  expect(said("comment.deleted", { comment })).toBe("deleted a comment");
  expect(said("task.updated", { task: task("1"), changed: ["document_id"] })).toBe("opened the description");
});
