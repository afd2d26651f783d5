import { expect, test } from "vitest";
import type { Task } from "../src/api/shapes";
import {
  type Filter,
  filterFromQuery,
  filterToQuery,
  hasAll,
  isNarrower,
  NO_FILTER,
  NOBODY,
  plain,
  testOf,
  wordsOf,
} from "../src/state/filter";
import { task } from "./samples";

test("words are found without case and accents, in any order", () => {
  expect(wordsOf("  Öl   CAFE ")).toEqual(["ol", "cafe"]);
  expect(hasAll(plain("Café Übersee: Öl"), wordsOf("Öl CAFE"))).toBe(true);
  expect(hasAll(plain("Café"), wordsOf("cafe tea"))).toBe(false);
  expect(hasAll(plain("Café"), wordsOf(" "))).toBe(true);
});

const TUESDAY = "2026-03-03";

function found(tasks: Task[], filter: Partial<Filter>): string[] {
  const passes = testOf({ ...NO_FILTER, ...filter }, "MOON", TUESDAY);
  return tasks.filter(passes).map(({ id }) => id);
}

test("each word has to be in the title, the description, a label or the number, whatever its case and accents", () => {
  const tasks = [
    task("a", { title: "Öl kaufen", labels: ["Fuel"], number: 12 }),
    task("b", { title: "Buy oil", description: "and **fuel**", number: 120 }),
  ];
  expect(found(tasks, { text: "ol" })).toEqual(["a"]);
  expect(found(tasks, { text: " FUEL  oil" })).toEqual(["b"]);
  expect(found(tasks, { text: "moon-120" })).toEqual(["b"]);
  expect(found(tasks, { text: "#12" })).toEqual(["a", "b"]);
  expect(found(tasks, { text: "fuel none" })).toEqual([]);
});

test("a changed task is searched anew", () => {
  const before = task("a", { title: "Old" });
  expect(found([before], { text: "new" })).toEqual([]);
  expect(found([{ ...before, title: "New" }], { text: "new" })).toEqual(["a"]);
});

test("person, label and column are exact, and nobody is a person", () => {
  const tasks = [
    task("a", { assignee_id: "ada", labels: ["fuel"] }),
    task("b", { labels: ["fuels"] }),
    task("c", { assignee_id: "bob", status: "done" }),
  ];
  expect(found(tasks, { person: "ada" })).toEqual(["a"]);
  expect(found(tasks, { person: NOBODY })).toEqual(["b"]);
  expect(found(tasks, { label: "fuel" })).toEqual(["a"]);
  expect(found(tasks, { column: "done" })).toEqual(["c"]);
  expect(found(tasks, { person: "ada", column: "done" })).toEqual([]);
});

test("due days are seen from today, weeks begin on Monday, and done tasks are not due", () => {
  const days = ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-08", "2026-03-09"];
  const tasks = days.map((due_on) => task(due_on, { due_on }));
  tasks.push(task("open"), task("done", { status: "done", due_on: "2026-03-03" }), task("bare", { status: "done" }));
  expect(found(tasks, { due: "overdue" })).toEqual(["2026-03-01", "2026-03-02"]);
  expect(found(tasks, { due: "today" })).toEqual(["2026-03-03"]);
  expect(found(tasks, { due: "week" })).toEqual(["2026-03-02", "2026-03-03", "2026-03-08"]);
  expect(found(tasks, { due: "none" })).toEqual(["open"]);
});

test("an address gives the filter back, and mine in it is its reader", () => {
  const filter: Filter = { text: "a & b=c", person: "ada", label: "ü/?#", due: "week", column: "c1" };
  expect(filterFromQuery(new URLSearchParams(filterToQuery(filter)), "bob")).toEqual(filter);
  expect(filterToQuery(NO_FILTER)).toEqual([]);
  expect(filterFromQuery(new URLSearchParams("mine"), "bob")).toEqual({ ...NO_FILTER, person: "bob" });
  const wrong = new URLSearchParams(`due=toString&person=&text=${"x".repeat(1000)}`);
  expect(filterFromQuery(wrong, "bob")).toEqual({ ...NO_FILTER, text: "x".repeat(200) });
});

test("another letter or choice only narrows what was found", () => {
  const last = { ...NO_FILTER, text: "fu", person: "ada" };
  expect(isNarrower({ ...last, text: "fuel", due: "today" }, last)).toBe(true);
  expect(isNarrower({ ...last, text: "f" }, last)).toBe(false);
  expect(isNarrower({ ...last, person: null }, last)).toBe(false);
});
