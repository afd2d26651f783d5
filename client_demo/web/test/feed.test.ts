import { expect, test } from "vitest";
import { Refused } from "../src/api/request";
import { Feed } from "../src/state/feed";
import { actorName, describe } from "../src/state/words";
import { event, snapshot, task } from "./samples";

const LOG = Array.from({ length: 120 }, (_, index) => event(index + 1, "task.created", { task: task(String(index)) }));
const members = new Map(snapshot().members.map((member) => [member.user_id, member]));

async function get(path: string) {
  const query = new URL(path, "http://x/").searchParams;
  const after = Number(query.get("after"));
  return { body: LOG.slice(after, after + Number(query.get("limit"))), headers: new Headers() };
}

test("pages go back to the beginning without a hole, and live events follow on", async () => {
  const feed = new Feed("p", get);
  feed.hear(event(120, "task.created", { task: task("x") })); // before anybody looks: nothing to follow on
  await feed.more(120);
  feed.hear(event(121, "task.deleted", { task: task("x") }));
  await feed.more(121);
  await feed.more(121);
  expect(feed.events.value.map((each) => each.offset)).toEqual(Array.from({ length: 121 }, (_, index) => 121 - index));
  expect(feed.state.value).toBe("complete");
});

test("history that is no longer kept is said to be", async () => {
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
  [event(1, "task.updated", { task: task("1"), changed: ["title"] }), "renamed a task to|Task 1|"],
  [
    event(1, "task.updated", { task: task("1", { assignee_id: "ada" }), changed: ["assignee_id"] }),
    "gave|Task 1|to Ada",
  ],
  [
    event(1, "task.updated", { task: task("1"), changed: ["labels", "due_on"] }),
    "changed the labels and the due date of|Task 1|",
  ],
  [event(1, "task.deleted", { task: { id: "1" } as never }), "deleted|Old title|"],
  [event(1, "member.updated", { member: snapshot().members[1], changed: ["role"] }), "made|Bob|an editor"],
  [
    event(1, "member.updated", { member: snapshot().members[1], changed: ["name"], previous: { name: "Rob" } }),
    "took the name|Bob|instead of Rob",
  ],
  [event(1, "member.updated", { member: snapshot().members[1], changed: ["name"] }), "took the name|Bob|"],
  [
    event(1, "member.updated", { member: snapshot().members[0], changed: ["name"], previous: { name: "Adele" } }),
    "renamed|Adele|to Ada",
  ],
  [event(1, "planet.discovered", {}), "planet discovered||"],
])("%j in words", (happened, words) => {
  const said = describe(happened, members, new Map([["1", "Old title"]]));
  expect([said.before, said.subject, said.after].join("|")).toBe(words);
});

test("actors are named", () => {
  expect(actorName(event(1, "x", {}), members, "ada")).toBe("Bob");
  expect(actorName(event(1, "x", {}), members, "bob")).toBe("You");
  expect(actorName(event(1, "x", {}, { actor_id: "zoe" }), members, "bob")).toBe("A former member");
});
