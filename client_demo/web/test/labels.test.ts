import { expect, test } from "vitest";
import { predict } from "../src/state/change";
import { countUses, keyOf, relabelled, spelled, suggested } from "../src/state/labels";
import { AT, LABEL, snapshot, task } from "./samples";

const named = (name: string) => ({ ...LABEL, id: name, name });
const names = (labels: { name: string }[]) => labels.map(({ name }) => name);

test.each([
  ["urgent", "URGENT"],
  ["Größe", "GRÖSSE"],
  ["é", "e\u0301"],
  [" two  words", "Two words"],
])("%s is the same as %s", (one, other) => {
  expect(keyOf(one)).toBe(keyOf(other));
});

test("names are spelled as the project has them, each once", () => {
  expect(spelled([LABEL], ["b", "URGENT", "a", "B", "Urgent"])).toEqual(["b", "urgent", "a"]);
});

test("a new name takes the place of the old one, and of a label that was called so", () => {
  const tasks = [
    task("1", { labels: ["a", "old", "b"] }),
    task("2", { labels: ["older"] }),
    task("3", { labels: ["new", "old"] }),
  ];
  const renamed = relabelled(tasks, "old", "new");
  expect(renamed.map(({ labels }) => labels)).toEqual([["a", "new", "b"], ["older"], ["new"]]);
  expect(renamed[1]).toBe(tasks[1]);
  expect(relabelled(tasks, "old", null).map(({ labels }) => labels)).toEqual([["a", "b"], ["older"], ["new"]]);
});

test("labels of most tasks are suggested first, and those that begin as typed", () => {
  const labels = ["fuel", "later", "to fly", "fly", "butterfly"].map(named);
  const uses = countUses([task("1", { labels: ["later", "butterfly"] }), task("2", { labels: ["butterfly", "fly"] })]);
  expect(names(suggested(labels, uses, ""))).toEqual(["butterfly", "fly", "later", "fuel", "to fly"]);
  expect(names(suggested(labels, uses, "FL"))).toEqual(["fly", "to fly", "butterfly"]);
});

test("an added label shows as the project spells it, and a removed one goes in any case", () => {
  const before = { ...snapshot([task("1", { labels: ["Old", "kept"] })]), labels: [LABEL] };
  const change = { kind: "labels", add: ["Urgent", "Kept", "new"], remove: ["old"] } as const;
  const after = predict(before, { ...change, mutation: "m", task: "1", made_at: AT });
  expect(after.tasks[0]?.labels).toEqual(["kept", "urgent", "new"]);
});
