import { expect, test } from "vitest";
import { Questions } from "../src/state/questions";

test("no answer replaces that of a later question", () => {
  const questions = new Questions();
  const [first, second, third] = [questions.ask(), questions.ask(), questions.ask()];
  expect(second()).toBe(true);
  expect(first()).toBe(false);
  expect(third()).toBe(true);
});

test("an answer from before one's own change is out of date, and one from after it is not", () => {
  const questions = new Questions();
  const before = questions.ask();
  questions.outdate();
  const after = questions.ask();
  expect(before()).toBe(false);
  expect(after()).toBe(true);
});
