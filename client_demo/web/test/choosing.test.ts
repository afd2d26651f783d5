import { expect, test } from "vitest";
import type { Member } from "../src/api/shapes";
import { matching, readerFirst } from "../src/state/choosing";

const member = (user_id: string, name: string) => ({ user_id, name, role: "editor" }) as Member;
const TEAM = [member("z", "Zoe Adams"), member("b", "Bob Kahn"), member("a", "Ada Lovelace")];

test("the reader comes first, then the others by name", () => {
  expect(readerFirst(TEAM, "b").map(({ name }) => name)).toEqual(["Bob Kahn", "Ada Lovelace", "Zoe Adams"]);
});

test("each typed word begins a word of the name or the note", () => {
  const people = TEAM.map((each) => ({ ...each, note: each.user_id === "b" ? "you" : undefined }));
  const found = (typed: string) => matching(people, typed).map(({ user_id }) => user_id);
  expect(found("AD")).toEqual(["z", "a"]);
  expect(found("ad lo")).toEqual(["a"]);
  expect(found("you")).toEqual(["b"]);
  expect(found("oe")).toEqual([]);
});
