import { describe, expect, test } from "vitest";
import { pairs, stretches } from "../src/editor/align";
import { type Change, type ContentNode, textOf } from "../src/editor/content";
import { countChanges, differenceOf } from "../src/editor/content_difference";

/** On a machine that does much else. */
const SLOW_MS = 60_000;

function text(words: string, ...marks: string[]): ContentNode {
  return { type: "text", text: words, ...(marks.length > 0 && { marks: marks.map((type) => ({ type })) }) };
}

function block(type: string, ...content: (ContentNode | string)[]): ContentNode {
  return { type, content: content.map((child) => (typeof child === "string" ? text(child) : child)) };
}

const p = (...content: (ContentNode | string)[]) => block("paragraph", ...content);
const doc = (...content: ContentNode[]) => block("doc", ...content);

/** The difference in a line: [+came+], [-went-], a slash between blocks. */
function drawn(node: ContentNode | null): string {
  if (!node) return "same";
  if (node.text !== undefined) return node.marks ? `<${node.text}>` : node.text;
  const inner = (node.content ?? []).map(drawn);
  if (node.change) return node.change === "inserted" ? `[+${inner.join("")}+]` : `[-${inner.join("")}-]`;
  if (!node.content) return `(${node.type})`;
  return inner.join(node.content.some((child) => child.type === "text" || child.change) ? "" : "/");
}

const difference = (old: ContentNode, fresh: ContentNode) => drawn(differenceOf(old, fresh));

describe("what changed between two contents", () => {
  test("is marked by words", () => {
    expect(difference(doc(p("the red fox runs")), doc(p("the quick fox runs")))).toBe("the [-red-][+quick+] fox runs");
    expect(difference(doc(p("fuel first")), doc(p("fuel first, or not?")))).toBe("fuel first[+, or not?+]");
    expect(difference(doc(p("fuel")), doc(p("fuel")))).toBe("same");
  });

  test("is one change where only a space is between two", () => {
    expect(difference(doc(p("we fly on a red moon today")), doc(p("we fly on the blue moon today")))).toBe(
      "we fly on [-a red-][+the blue+] moon today",
    );
  });

  test("finds words in a language without spaces", () => {
    expect(difference(doc(p("我们明天出发")), doc(p("我们今天出发")))).toBe("我们[-明天-][+今天+]出发");
  });

  test("shows blocks that came and went as a whole, and others where they are", () => {
    const old = doc(p("one and only"), p("to the moon"), p("three"));
    const fresh = doc(p("one and only"), block("heading", "Fuel"), p("to the red moon"));
    expect(difference(old, fresh)).toBe("one and only/[+Fuel+]/to the [+red +]moon/[-three-]");
  });

  test("shows another kind of block, another state and other marks", () => {
    expect(difference(doc(p("Plan")), doc(block("heading", "Plan")))).toBe("[-Plan-]/[+Plan+]");
    const task = (checked: boolean) => doc(block("taskList", { ...block("taskItem", p("fuel")), attrs: { checked } }));
    expect(difference(task(false), task(true))).toBe("[-fuel-]/[+fuel+]");
    expect(difference(doc(p("go now")), doc(p("go ", text("now", "bold"))))).toBe("go [-now-][+<now>+]");
  });

  test("keeps a table a table", () => {
    const row = (...cells: string[]) => block("tableRow", ...cells.map((words) => block("tableCell", p(words))));
    const found = differenceOf(
      doc(block("table", row("Stage", "Days"), row("fuel", "3"))),
      doc(block("table", row("Stage", "Days"), row("fuel", "4"))),
    );
    expect(found?.content?.[0]?.content?.map((each) => each.content?.length)).toEqual([2, 2]);
    expect(drawn(found)).toBe("Stage/Days/fuel/[-3-]/[+4+]");
  });

  test("is nothing for empty paragraphs and hidden attributes", () => {
    const cell = (colwidth: number[] | null) =>
      doc(block("table", block("tableRow", { ...block("tableCell", p("x")), attrs: { colwidth, colspan: 1 } })));
    expect(differenceOf(cell(null), cell([120]))).toBeNull();
    expect(differenceOf(doc(p("x")), doc(p("x"), { type: "paragraph" }))).toBeNull();
    expect(difference(doc({ type: "paragraph" }), doc(p("Fuel")))).toBe("[+Fuel+]");
  });

  test("marks what has no words", () => {
    const found = differenceOf(doc(p("x")), doc(p("x"), { type: "horizontalRule" }));
    expect(drawn(found)).toBe("x[+(horizontalRule)+]");
    expect(countChanges(found!)).toEqual({ inserted: 1, deleted: 0 });
  });

  test("has all of the old and all of the new, whatever chance makes of them", { timeout: SLOW_MS }, () => {
    for (let seed = 1; seed <= 100; seed++) {
      const chance = new Chance(seed);
      const old = chance.document();
      const fresh = chance.changed(old);
      const found = differenceOf(old, fresh) ?? fresh;
      expect(wordsOf(only(found, "inserted")), `old words of ${seed}`).toEqual(wordsOf(old));
      expect(wordsOf(only(found, "deleted")), `new words of ${seed}`).toEqual(wordsOf(fresh));
    }
  });

  test("of long texts that have nothing in common is made, too", { timeout: SLOW_MS }, () => {
    const long = (word: string) => doc(p(Array.from({ length: 4_000 }, (_, n) => `${word}${n}`).join(" ")));
    expect(countChanges(differenceOf(long("a"), long("b"))!)).toEqual({ inserted: 1, deleted: 1 });
  });
});

test("stretches cover both sequences, and the same ones are the same", { timeout: SLOW_MS }, () => {
  for (let seed = 1; seed <= 300; seed++) {
    const chance = new Chance(seed);
    const [old, fresh] = [chance.letters(), chance.letters()];
    const all = stretches(old, fresh);
    const same = all.filter((each) => each.isSame);
    expect(all.flatMap((each) => old.slice(each.oldStart, each.oldEnd))).toEqual(old);
    expect(all.flatMap((each) => fresh.slice(each.newStart, each.newEnd))).toEqual(fresh);
    for (const each of same) {
      expect(old.slice(each.oldStart, each.oldEnd)).toEqual(fresh.slice(each.newStart, each.newEnd));
    }
    const kept = same.reduce((sum, each) => sum + each.oldEnd - each.oldStart, 0);
    expect(kept, `as many as possible of ${seed}`).toBe(longest(old, fresh));
  }
});

test("pairs are those with the greatest likeness together", () => {
  const likeness = (one: string, other: string) => (one[0] === other[0] ? 1 + Number(one === other) : 0);
  expect(pairs(["a1", "b1", "c1"], ["b1", "a1", "c2"], likeness)).toEqual([
    [1, 0],
    [2, 2],
  ]);
});

/** The length of the longest common subsequence, the slow way. */
function longest(old: string[], fresh: string[]): number {
  const best = old.map(() => fresh.map(() => 0));
  const at = (i: number, j: number) => best[i]?.[j] ?? 0;
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = fresh.length - 1; j >= 0; j--) {
      best[i]![j] = old[i] === fresh[j] ? 1 + at(i + 1, j + 1) : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  return at(0, 0);
}

/** The content without what came, or without what went. */
function only(node: ContentNode, without: Change): ContentNode {
  const content = node.content?.filter((child) => child.change !== without).map((child) => only(child, without));
  return { ...node, ...(content && { content }) };
}

function wordsOf(node: ContentNode): string[] {
  return textOf(node).split(/\s+/).filter(Boolean);
}

class Chance {
  constructor(private state: number) {}

  /** Below `limit` (a linear congruential generator: the same for the same seed). */
  next(limit: number): number {
    this.state = (this.state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((this.state / 2_147_483_648) * limit);
  }

  letters(): string[] {
    return Array.from({ length: this.next(30) }, () => "abcdef"[this.next(6)]!);
  }

  document(): ContentNode {
    return doc(...Array.from({ length: 1 + this.next(6) }, () => this.block(2)));
  }

  changed(node: ContentNode): ContentNode {
    const content = (node.content ?? []).flatMap((child) => {
      switch (this.next(8)) {
        case 0:
          return [];
        case 1:
          return [child.text === undefined ? this.block(0) : text(`${this.word()} `), child];
        case 2:
          return [child.text === undefined ? this.changed(child) : text(`${child.text}${this.word()} `)];
        default:
          return [child.content ? this.changed(child) : child];
      }
    });
    return { ...node, content };
  }

  private block(depth: number): ContentNode {
    const words = () => text(`${Array.from({ length: 1 + this.next(8) }, () => this.word()).join(" ")} `);
    if (depth === 0 || this.next(3) > 0) return p(words(), { ...words(), marks: [{ type: "bold" }] });
    return block("blockquote", ...Array.from({ length: 1 + this.next(3) }, () => this.block(depth - 1)));
  }

  private word(): string {
    return ["fuel", "moon", "crew", "plan", "red", "3", "a,b", "Größe"][this.next(8)]!;
  }
}
