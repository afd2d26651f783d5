import { expect, test } from "vitest";
import { Company, readGesture } from "../src/state/company";

const ada = { client: "c1", user: "ada", connInfo: { name: "Ada" } };
const bob = { client: "c2", user: "bob", connInfo: { name: "Bob" } };

test("a person with two windows is one, and gone with the leave after the last, whichever it was", () => {
  const company = new Company("bob");
  company.meet([ada, bob, { ...ada, client: "c3" }]);
  expect(company.people.value.map((person) => person.name)).toEqual(["Bob", "Ada"]);
  company.leave({ ...ada, client: "a window that opened later, of which no join told" });
  expect(company.people.value.map((person) => person.user)).toEqual(["bob"]);
});

test("gestures are those of others, and end with their connection or in silence", () => {
  let now = 0;
  const company = new Company("bob", () => now);
  company.self = "c2";
  company.meet([ada, bob]);
  company.hear(bob, { holds: "t1" });
  expect(company.holders.value.size).toBe(0);
  company.hear(ada, { holds: "t1", at: { task: "t1", x: 0.5, y: 0.5 } });
  expect(company.holders.value.get("t1")!.name).toBe("Ada");
  now = 13_000;
  company.tidy();
  expect(company.holders.value.size).toBe(0);
  company.hear(ada, { edits: { task: "t1", field: "title" } });
  company.leave(ada);
  expect(company.writers.value.size).toBe(0);
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
