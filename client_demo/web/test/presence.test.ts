import { expect, test } from "vitest";
import { Presence, readGesture } from "../src/state/presence";

const ada = { client: "c1", user: "ada", connInfo: { name: "Ada" } };
const bob = { client: "c2", user: "bob", connInfo: { name: "Bob" } };

test("a person with two windows shows once, and goes with their leave, whichever window it names", () => {
  const presence = new Presence("bob");
  presence.load([ada, bob, { ...ada, client: "c3" }]);
  expect(presence.people.value.map((person) => person.name)).toEqual(["Bob", "Ada"]);
  presence.leave({ ...ada, client: "a window that opened later, of which no join told" });
  expect(presence.people.value.map((person) => person.user)).toEqual(["bob"]);
});

test("an answer takes nobody away who joined after the question, and brings nobody back who left", async () => {
  const presence = new Presence("ada");
  presence.load([bob]);
  let answer: (clients: (typeof ada)[]) => void = () => undefined;
  const answered = new Promise<(typeof ada)[]>((resolve) => {
    answer = resolve;
  });
  const asking = presence.ask(() => answered);
  presence.join(ada);
  presence.receive(ada, { holds: "t1" });
  presence.leave(bob);
  answer([bob]);
  await asking;
  expect(presence.people.value.map((person) => person.user)).toEqual(["ada"]);
  expect(presence.holders.value.size).toBe(1);
  presence.load([bob]);
  expect(presence.people.value.map((person) => person.user)).toEqual(["bob"]);
});

test("others' gestures show, and end with their connection or after a silence", () => {
  let now = 0;
  const presence = new Presence("bob", () => now);
  presence.self = "c2";
  presence.load([ada, bob]);
  presence.receive(bob, { holds: "t1" });
  expect(presence.holders.value.size).toBe(0);
  presence.receive(ada, { holds: "t1", at: { task: "t1", x: 0.5, y: 0.5 } });
  expect(presence.holders.value.get("t1")!.name).toBe("Ada");
  now = 13_000;
  presence.dropExpired();
  expect(presence.holders.value.size).toBe(0);
  presence.receive(ada, { edits: { task: "t1", field: "title" } });
  presence.leave(ada);
  expect(presence.writers.value.size).toBe(0);
});

test("who carries a card and who writes is the same while pointers move", () => {
  const presence = new Presence("eve");
  presence.load([ada, bob]);
  presence.receive(ada, { holds: "t1", at: { task: "t1", x: 0.1, y: 0.5 } });
  presence.receive(bob, { edits: { task: "t2", field: "title" } });
  const [holders, writers] = [presence.holders.value, presence.writers.value];
  presence.receive(ada, { holds: "t1", at: { task: "t1", x: 0.2, y: 0.5 } });
  expect(presence.holders.value).toBe(holders);
  expect(presence.writers.value).toBe(writers);
  presence.receive(bob, { holds: "t2" });
  expect([...presence.holders.value.keys()]).toEqual(["t1", "t2"]);
  expect(presence.holders.value.get("t1")).toBe(holders.get("t1"));
  expect(presence.writers.value.size).toBe(0);
});

test.each([
  null,
  7,
  "x",
  [],
  { at: { x: 1, y: "2", task: "t" } },
  { at: { x: NaN, y: 0, column: "todo" } },
  { edits: 3 },
])("a message that is no gesture (%j) points nowhere", (data) => {
  const gesture = readGesture(data);
  expect(gesture?.at ?? null).toBeNull();
  expect(gesture?.edits ?? null).toBeNull();
});
