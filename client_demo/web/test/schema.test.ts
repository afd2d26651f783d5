import { readFileSync, writeFileSync } from "node:fs";
import type { MarkType, NodeSpec, NodeType } from "@tiptap/pm/model";
import { expect, test } from "vitest";
import { SCHEMA } from "../src/editor/schema";

const MIRROR = new URL("../../../server/roomful/richtext/schema.json", import.meta.url);

/** What the server has to know of the editor's schema, in its order, which is also the order of marks on a text. */
function described(): object {
  return {
    nodes: Object.fromEntries(Object.entries(SCHEMA.nodes).map(([name, type]) => [name, nodeRules(type)])),
    marks: Object.fromEntries(Object.entries(SCHEMA.marks).map(([name, type]) => [name, markRules(type)])),
  };
}

function nodeRules(type: NodeType): object {
  return {
    content: type.spec.content ?? "",
    group: type.spec.group ?? "",
    inline: type.isInline,
    marks: type.markSet === null ? "_" : type.markSet.map((mark) => mark.name).join(" "),
    attrs: attributes(type.spec.attrs),
  };
}

function markRules(type: MarkType): object {
  const others = Object.values(SCHEMA.marks).filter((other) => type.excludes(other));
  return { excludes: others.map((other) => other.name).join(" "), attrs: attributes(type.spec.attrs) };
}

function attributes(attrs: NodeSpec["attrs"]): object {
  return Object.fromEntries(
    Object.entries(attrs ?? {}).map(([name, { default: value }]) => [name, { default: value }]),
  );
}

/** After a change of the editor's schema: `WRITE_SCHEMA=1 npm test -- schema`. */
test("the server has the editor's schema", () => {
  const written = `${JSON.stringify(described(), null, 1)}\n`;
  if (process.env.WRITE_SCHEMA) writeFileSync(MIRROR, written);
  expect(written).toBe(readFileSync(MIRROR, "utf8"));
});
