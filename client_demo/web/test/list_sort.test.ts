import { expect, test } from "vitest";
import type { Member } from "../src/api/shapes";
import { isListSort, type ListSort, nextSort, sortedList } from "../src/state/list_sort";
import { lookFromQuery, lookToQuery, PLAIN_LOOK } from "../src/state/look";
import { COLUMNS, task } from "./samples";

const TASKS = [
  task("a", { title: "Task 10", number: 3, status: "done", assignee_id: "bob" }),
  task("b", { title: "task 9", number: 2, due_on: "2026-02-01", position: "a1" }),
  task("c", { title: "Åm", number: 1, due_on: "2026-01-01", assignee_id: "ada", position: "a0" }),
];
const MEMBERS = new Map(
  [
    ["ada", "Ada"],
    ["bob", "Bob"],
  ].map(([id, name]) => [id!, { user_id: id, name } as Member]),
);

function order(sort: ListSort | null): string {
  return sortedList(TASKS, sort, { columns: COLUMNS, members: MEMBERS })
    .map(({ id }) => id)
    .join("");
}

test("without a sort the order is the board's", () => {
  expect(order(null)).toBe("cba");
});

test("each order goes both ways, and what is missing comes last both ways", () => {
  expect([order("number"), order("-number")]).toEqual(["cba", "abc"]);
  expect([order("title"), order("-title")]).toEqual(["cba", "abc"]);
  expect([order("column"), order("-column")]).toEqual(["cba", "acb"]);
  expect([order("due"), order("-due")]).toEqual(["cba", "bca"]);
  expect([order("assignee"), order("-assignee")]).toEqual(["cab", "acb"]);
});

test("a head sorts upwards, downwards, and as on the board again", () => {
  expect(nextSort(null, "due")).toBe("due");
  expect(nextSort("title", "due")).toBe("due");
  expect(nextSort("due", "due")).toBe("-due");
  expect(nextSort("-due", "due")).toBeNull();
  expect(isListSort("-due")).toBe(true);
  expect(isListSort("--due")).toBe(false);
  expect(isListSort("constructor")).toBe(false);
});

test("an address gives the look back", () => {
  const look = { ...PLAIN_LOOK, view: "list" as const, sort: "-due" as const };
  expect(lookToQuery(look)).toBe("view=list&sort=-due");
  expect(lookFromQuery("view=list&sort=-due", "ada")).toEqual(look);
  expect(lookToQuery(PLAIN_LOOK)).toBe("");
  expect(lookFromQuery("view=grid&sort=__proto__", "ada")).toEqual(PLAIN_LOOK);
});
