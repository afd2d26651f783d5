import { expect, test, vi } from "vitest";
import { KeptMap } from "../src/account/kept_map";
import { Drafts } from "../src/state/drafts";
import { Browser, type MemoryDatabase } from "./samples";

const TITLE = { project: "p", task: "new-1", field: "title" };

function tab(browser: Browser): KeptMap<string> {
  return new KeptMap<string>("words", Promise.resolve(browser.database), browser.channel());
}

test("what one tab writes is in the others, and in the next one", async () => {
  const browser = new Browser();
  const [first, second] = [tab(browser), tab(browser)];
  first.change({
    set: [
      ["a", "1"],
      ["b", "2"],
    ],
    gone: [],
  });
  first.change({ set: [], gone: ["b"] });
  await first.written();
  expect([...second.all.value]).toEqual([["a", "1"]]);
  const third = tab(browser);
  await third.loaded;
  expect([...third.all.value]).toEqual([["a", "1"]]);
});

test("what is written before the map is loaded stays", async () => {
  const browser = new Browser();
  browser.database.store("words").set("a", "old").set("b", "old");
  const map = tab(browser);
  map.change({ set: [["a", "new"]], gone: ["b"] });
  await map.loaded;
  await map.written();
  expect([...map.all.value]).toEqual([["a", "new"]]);
  expect([...browser.database.store("words")]).toEqual([["a", "new"]]);
});

test("what the device does not take stays in memory, is known as late, and is tried again", async () => {
  const browser = new Browser();
  const map = tab(browser);
  browser.database.isFull = true;
  map.change({ set: [["a", "1"]], gone: [] });
  await map.written();
  expect([map.hasFailed.value, [...map.late()], await map.fresh("a")]).toEqual([true, [["a", "1"]], "1"]);
  browser.database.isFull = false;
  map.change({ set: [["b", "2"]], gone: [] });
  await map.written();
  expect([map.hasFailed.value, map.late().size, browser.database.store("words").size]).toEqual([false, 0, 2]);
});

test("a device that is slow to open gets everything in the end", async () => {
  vi.useFakeTimers();
  const browser = new Browser();
  browser.database.store("words").set("old", "0");
  let open: (database: MemoryDatabase) => void = () => undefined;
  const opening = new Promise<MemoryDatabase>((resolve) => {
    open = resolve;
  });
  const map = new KeptMap<string>("words", opening, browser.channel());
  map.change({ set: [["a", "1"]], gone: [] });
  const waited = Promise.all([map.loaded, map.written()]);
  await vi.advanceTimersByTimeAsync(3_000);
  await waited; // nobody waits for longer
  expect([[...map.late()], await map.fresh("a")]).toEqual([[["a", "1"]], "1"]);
  open(browser.database);
  await vi.advanceTimersByTimeAsync(0);
  expect([...browser.database.store("words")]).toEqual([
    ["old", "0"],
    ["a", "1"],
  ]);
  expect([...map.all.value.keys()].sort()).toEqual(["a", "old"]);
  expect(map.late().size).toBe(0);
  vi.useRealTimers();
});

test("what is kept stays beside what was written when nobody could wait for it any longer", async () => {
  vi.useFakeTimers();
  const browser = new Browser();
  browser.database.store("words").set("a", "kept").set("b", "kept, too").set("c", "of the page before");
  let open: (database: MemoryDatabase) => void = () => undefined;
  const opening = new Promise<MemoryDatabase>((resolve) => {
    open = resolve;
  });
  const beside = (kept: string) => [`${kept}, beside`, kept] as const;
  const map = new KeptMap<string>("words", opening, browser.channel(), beside);
  map.change({ set: [["c", "with its last letters"]], gone: [] });
  await vi.advanceTimersByTimeAsync(3_000);
  map.change({ set: [["a", "written"]], gone: ["b"] });
  open(browser.database);
  await vi.advanceTimersByTimeAsync(0);
  const expected = new Map([
    ["a", "written"],
    ["c", "with its last letters"],
    ["kept, beside", "kept"],
    ["kept, too, beside", "kept, too"],
  ]);
  expect(map.all.value).toEqual(expected);
  expect(browser.database.store("words")).toEqual(expected);
  vi.useRealTimers();
});

test("drafts follow a task that gets the server's id, and go when they are discarded", async () => {
  const browser = new Browser();
  const drafts = new Drafts(new KeptMap("drafts", Promise.resolve(browser.database), browser.channel()));
  drafts.write(TITLE, { text: "Land", base: "", words: "Title" });
  drafts.rename("new-1", "server");
  expect(drafts.find(TITLE)).toBeUndefined();
  expect(drafts.find({ ...TITLE, task: "server" })).toMatchObject({ text: "Land", task: "server", refused: null });
  drafts.discard({ ...TITLE, task: "server" });
  expect(drafts.all.value).toEqual([]);
});
