import { expect, test } from "vitest";
import { Choice } from "../src/state/choice";

function scene() {
  const sent: [string, () => void, (failure: Error) => void][] = [];
  const shown: (string | null)[] = [];
  const failures: unknown[] = [];
  const choice = new Choice<string>(
    (value) => new Promise<void>((resolve, reject) => void sent.push([value, resolve, reject])),
    (value) => void shown.push(value),
    (failure) => void failures.push(failure),
  );
  choice.told("stored");
  return { choice, sent, shown, failures };
}

test("one choice is sent at a time, and of those made meanwhile the last one", async () => {
  const { choice, sent, shown } = scene();
  const done = choice.choose("a");
  void choice.choose("b");
  void choice.choose("c");
  expect(sent.map(([value]) => value)).toEqual(["a"]);
  sent[0]![1]();
  await expect.poll(() => sent.map(([value]) => value)).toEqual(["a", "c"]);
  sent[1]![1]();
  await done;
  expect(shown).toEqual(["stored", "a", "b", "c"]);
});

test("a refused choice gives way to what is stored, and one that a later choice follows does not", async () => {
  const { choice, sent, shown, failures } = scene();
  const first = choice.choose("a");
  void choice.choose("b");
  sent[0]![2](new Error("first"));
  await expect.poll(() => sent.length).toBe(2);
  expect(failures).toEqual([]);
  sent[1]![2](new Error("second"));
  await first;
  expect(failures).toEqual([new Error("second")]);
  expect(shown).toEqual(["stored", "a", "b", "stored"]);
});

test("what the server says while a choice is on its way is out of date", async () => {
  const { choice, sent, shown } = scene();
  const done = choice.choose("a");
  choice.told("old");
  sent[0]![1]();
  await done;
  choice.told("new");
  expect(shown).toEqual(["stored", "a", "new"]);
});
