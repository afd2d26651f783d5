import { expect, test } from "vitest";
import { compare, merge } from "../src/state/difference";

function marked(left: string, right: string): [string, string] {
  const { left: a, right: b } = compare(left, right);
  const words = (all: typeof a) => all.map(({ text, isOwn }) => (isOwn ? `[${text}]` : text)).join("");
  return [words(a), words(b)];
}

test.each([
  ["Order fuel", "Order fuel", "Order fuel", "Order fuel"],
  ["Order two tanks of fuel", "Order three tanks of fuel", "Order [two] tanks of fuel", "Order [three] tanks of fuel"],
  ["a b c", "a c", "a [b ]c", "a c"],
  ["", "new", "", "[new]"],
  ["Größe: 3", "Grösse: 3", "[Größe]: 3", "[Grösse]: 3"],
  ["👩‍🚀 lands", "👩‍🚀 starts", "👩‍🚀 [lands]", "👩‍🚀 [starts]"],
])("%j and %j differ by words", (left, right, first, second) => {
  expect(marked(left, right)).toEqual([first, second]);
});

test.each([
  ["Order fuel", "Order fuel today", "Please order fuel", "Please order fuel today"],
  ["one two three four", "ONE two three four", "one two three FOUR", "ONE two three FOUR"],
  ["one two three", "one two three", "one 2 three", "one 2 three"],
  ["one two three", "one 2 three", "one 2 three", "one 2 three"],
  ["one two three", "one 2 three", "one II three", null],
  ["", "theirs", "mine", null],
  ["a b c d e", "a c d e", "a b c d e f", "a c d e f"],
])("%j with %j and %j is %j", (base, theirs, mine, merged) => {
  expect(merge(base, theirs, mine)).toBe(merged);
});

test("long texts take no long time", () => {
  const many = (word: string) => Array.from({ length: 2_000 }, (_, index) => `${word}${index}`).join(" ");
  const { left, right } = compare(`same ${many("a")} end`, `same ${many("b")} end`);
  expect([left.at(-1)!.text, right[0]!.text]).toEqual([" end", "same "]);
});
