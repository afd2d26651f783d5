import { expect, test } from "vitest";
import { Unavailable } from "../src/api/request";
import { messageOf } from "../src/view/failure";

test.each([
  [null, "Busy. Try again in a moment."],
  [7, "Busy. Try again in 7 s."],
  [600, "Busy. Try again in 10 minutes."],
  [43_000, "Busy. Try again in 12 hours."],
])("a wait of %s seconds", (seconds, said) => {
  expect(messageOf(new Unavailable("Busy.", seconds))).toBe(said);
});
