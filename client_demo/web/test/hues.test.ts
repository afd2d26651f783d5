import { expect, test } from "vitest";
import type { Member } from "../src/api/shapes";
import { HUES, huesOf, ownHue } from "../src/state/hues";

const member = (user_id: string, second: number): Member => ({
  user_id,
  name: user_id,
  role: "editor",
  version: 1,
  created_at: new Date(1_000 * second).toISOString(),
  updated_at: new Date(1_000 * second).toISOString(),
});

// One letter more is one hue further, so "a" and "i" have the same.
const [ada, ivy, bob] = [member("a", 1), member("i", 2), member("b", 3)];

test("members have different colours, and the earlier one keeps theirs", () => {
  expect(ownHue("a")).toBe(ownHue("i"));
  const hues = huesOf([bob, ivy, ada]);
  expect(hues.get("a")).toBe(ownHue("a"));
  expect(new Set(hues.values()).size).toBe(3);
});

test("a new member changes nobody's colour", () => {
  const before = huesOf([ada, ivy]);
  const after = huesOf([ada, ivy, bob]);
  for (const [user, hue] of before) expect(after.get(user)).toBe(hue);
});

test("more people than colours: the first eight differ, the others have their own", () => {
  const crowd = Array.from({ length: 2 * HUES }, (_, index) => member(`same ${index}`, index));
  const hues = [...huesOf(crowd).values()];
  expect(new Set(hues.slice(0, HUES)).size).toBe(HUES);
  expect(hues.slice(HUES)).toEqual(crowd.slice(HUES).map((each) => ownHue(each.user_id)));
});
