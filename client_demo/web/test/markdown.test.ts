import { expect, test } from "vitest";
import type { Part } from "../src/markdown/parts";
import { readMarkdown } from "../src/markdown/read";

const ADA = "019a7f5d-9f11-7b04-8a6e-3f2b7d90c5aa";

function paragraph(text: string): Part[] {
  const [part, ...others] = readMarkdown(text);
  expect(others).toEqual([]);
  return part && "children" in part ? part.children : [];
}

/** Every address that a reader could follow or a browser load. */
function addresses(parts: readonly Part[]): string[] {
  return parts.flatMap((part) => {
    const own = part.kind === "link" ? [part.href] : part.kind === "image" ? [part.src] : [];
    return "children" in part ? [...own, ...addresses(part.children)] : own;
  });
}

test("marks, lines and lists", () => {
  expect(paragraph("a **b** _c_ ~~d~~ `e`\nf")).toEqual([
    { kind: "text", text: "a " },
    { kind: "element", tag: "strong", children: [{ kind: "text", text: "b" }] },
    { kind: "text", text: " " },
    { kind: "element", tag: "em", children: [{ kind: "text", text: "c" }] },
    { kind: "text", text: " " },
    { kind: "element", tag: "s", children: [{ kind: "text", text: "d" }] },
    { kind: "text", text: " " },
    { kind: "code", text: "e" },
    { kind: "break" },
    { kind: "text", text: "f" },
  ]);
  expect(readMarkdown("3. a\n4. b")).toMatchObject([{ tag: "ol", start: 3, children: [{ tag: "li" }, { tag: "li" }] }]);
  expect(readMarkdown("```js\na\n```")).toEqual([{ kind: "block", text: "a" }]);
  expect(readMarkdown("## a\n\n---")).toMatchObject([{ kind: "heading", level: 2 }, { kind: "rule" }]);
});

test("check lists, tight and loose", () => {
  for (const gap of ["\n", "\n\n"]) {
    const [list] = readMarkdown(["- [x] a", "- [ ] **b**", "- [y] c", "- [ ]", "- d [ ] e"].join(gap));
    expect(list).toMatchObject({
      tag: "ul",
      children: [
        { kind: "task", isDone: true },
        { kind: "task", isDone: false },
        { tag: "li" },
        { kind: "task" },
        { tag: "li" },
      ],
    });
    expect(JSON.stringify(list)).not.toMatch(/\[x\]/);
  }
  expect(readMarkdown("[ ] a")).toMatchObject([{ tag: "p", children: [{ text: "[ ] a" }] }]);
});

test("a mention is a link of its kind after an @", () => {
  expect(paragraph(`Hi @[Ada](mention://user/${ADA})!`)).toEqual([
    { kind: "text", text: "Hi " },
    { kind: "mention", id: ADA, label: "Ada" },
    { kind: "text", text: "!" },
  ]);
  expect(addresses(readMarkdown(`[Ada](mention://user/${ADA})`))).toEqual([]);
});

test.each([
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "[x](javascript:alert(1))",
  "[x](JaVaScRiPt&colon;alert(1))",
  "[x](java\nscript:alert(1))",
  "[x](&#106;avascript:alert(1))",
  "[x](data:text/html,<script>alert(1)</script>)",
  "[x](vbscript:x)",
  "![x](javascript:alert(1))",
  "![x](data:image/svg+xml,<svg/onload=alert(1)>)",
  "<javascript:alert(1)>",
  "[x]: javascript:alert(1)\n\n[x]",
  "[x](//evil.example)",
  "[x](#/projects)",
  "[x](file:///etc/passwd)",
  "[x](blob:a/b)",
])("nothing runs and nothing leads anywhere by %s", (text) => {
  expect(addresses(readMarkdown(text))).toEqual([]);
});

test("links lead to the web and to e-mail, also bare ones; images are only linked", () => {
  expect(
    addresses(
      readMarkdown("[x](https://a.example/b) http://c.example <mailto:d@e.example> ![f](https://g.example/h.png)"),
    ),
  ).toEqual(["https://a.example/b", "http://c.example", "mailto:d@e.example", "https://g.example/h.png"]);
});

test("a table that is filled up to thousands of cells is shown as it is written", () => {
  const text = `|${"a|".repeat(400)}\n|${"-|".repeat(400)}\n${"|\n".repeat(400)}`;
  expect(readMarkdown(text)).toEqual([{ kind: "block", text }]);
});

test("what is nested too deep is shown as it is written", () => {
  const text = `${">".repeat(200)} deep`;
  expect(readMarkdown(text)).toEqual([{ kind: "block", text }]);
});

test.each(["[", ">", "- ", "*a ", "![", "`", "<", "@[", "a_", "~~", "\\", "|a", "[](", "**a*", "(http://a", "&amp;"])(
  "10,000 characters of %s are read soon",
  (piece) => {
    const text = piece.repeat(10_000 / piece.length);
    const began = performance.now();
    readMarkdown(text);
    expect(performance.now() - began).toBeLessThan(5_000); // some 50 ms on an idle machine
  },
);
