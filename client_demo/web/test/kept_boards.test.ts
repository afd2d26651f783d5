import { expect, test } from "vitest";
import { KeptBoards } from "../src/account/kept_boards";
import type { Snapshot } from "../src/api/shapes";
import { ADA, MemoryDatabase, snapshot, task } from "./samples";

const DAY_MS = 86_400_000;

let today = 0;
const database = new MemoryDatabase();
const boards = new KeptBoards(
  ADA,
  () => today,
  async () => database,
);

function board(id: string): Snapshot {
  const sample = snapshot([task("1")]);
  return { ...sample, project: { ...sample.project, id } };
}

test("the five newest boards of the last 30 days are on the device, and no others", async () => {
  const kept = () => [...database.store("boards").keys()].sort();
  for (const id of ["a", "b", "c", "d", "e", "f"]) {
    today += 1;
    await boards.keep(board(id));
  }
  expect(kept()).toEqual(["b", "c", "d", "e", "f"]);
  await boards.keep(board("b"));
  today += 30 * DAY_MS - 1;
  expect((await boards.list()).map((each) => each.snapshot.project.id)).toEqual(["b", "f"]);
  await boards.keep(board("a"));
  expect(kept()).toEqual(["a", "b", "f"]);
});
