import { expect, test } from "vitest";
import { progressOf } from "../src/state/checklist";

test.each([
  [null, null],
  ["No boxes [x] here, nor [a link](x).", null],
  ["- [ ] a\n- [x] b\n* [X] c\n1. [ ] d", { done: 2, total: 4 }],
  ["  - [x] nested\n- [x]", { done: 2, total: 2 }],
  ["```\n- [ ] code\n```\n- [x] a", { done: 1, total: 1 }],
  ["- [y] no\n-[ ] no\n- [ ]no", null],
])("the check list of %j", (description, progress) => {
  expect(progressOf(description)).toEqual(progress);
});
