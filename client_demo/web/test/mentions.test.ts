import { expect, test } from "vitest";
import { queryAt, stored, typed } from "../src/state/mentions";

const ID = (number: number) => `019a7f5d-9f11-7b04-8a6e-00000000000${number}`;
const ADA = { id: ID(1), name: "Ada Lovelace" };
const ADAM = { id: ID(2), name: "Ada" };
const BOB = { id: ID(3), name: "Bob [the] Kahn" };
const PEOPLE = [ADAM, ADA, BOB];

const names = new Map(PEOPLE.map(({ id, name }) => [id, name]));
const nameOf = (id: string) => names.get(id) ?? null;

test("a name is a mention whether it was typed or chosen", () => {
  const text = "@Ada Lovelace, @Ada and (@Bob [the] Kahn)!";
  const mentions = `@[Ada Lovelace](mention://user/${ID(1)}), @[Ada](mention://user/${ID(2)}) and (@[Bob \\[the\\] Kahn](mention://user/${ID(3)}))!`;
  expect(stored({ text, chosen: [] }, PEOPLE)).toBe(mentions);
  expect(typed(mentions, nameOf)).toEqual({ text, chosen: [ADA, ADAM, BOB] });
});

test("parts of words, addresses and unknown names stay as they are", () => {
  for (const text of ["@Adam", "mail@Ada", "@ Ada", "@ada", "@", "x@", "@Eve", "@Adaé", "@[Ada](x)"]) {
    expect(stored({ text, chosen: [] }, PEOPLE)).toBe(text);
  }
});

test("of two people with one name the chosen one is meant", () => {
  const other = { id: ID(4), name: "Ada" };
  expect(stored({ text: "@Ada", chosen: [other] }, PEOPLE)).toBe(`@[Ada](mention://user/${ID(4)})`);
});

test("a rename shows in what is edited, and a former member keeps the name that was written", () => {
  const text = `@[Adele](mention://user/${ID(1)}) @[Eve \\[x\\]](mention://user/${ID(9)})`;
  const now = typed(text, nameOf);
  expect(now.text).toBe("@Ada Lovelace @Eve [x]");
  expect(stored(now, PEOPLE)).toBe(`@[Ada Lovelace](mention://user/${ID(1)}) @[Eve \\[x\\]](mention://user/${ID(9)})`);
});

test("the list opens after an @ at the start of a word", () => {
  expect(queryAt("Hi @Ad", 6)).toEqual({ start: 3, query: "Ad" });
  expect(queryAt("@Ada Lov", 8)).toEqual({ start: 0, query: "Ada Lov" });
  expect(queryAt("@", 1)).toEqual({ start: 0, query: "" });
  for (const text of ["", "Hi", "a@b", "@ x", "@a\nb", `@${"x".repeat(41)}`])
    expect(queryAt(text, text.length)).toBeNull();
  expect(queryAt("@Ada", 0)).toBeNull();
});
