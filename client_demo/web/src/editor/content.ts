/** A document's content as JSON, read without an editor. */

import type { Schema } from "@tiptap/pm/model";
import { yXmlFragmentToProsemirrorJSON } from "@tiptap/y-tiptap";
import type * as Y from "yjs";
import * as texts from "../texts/saving";
import { strangersIn } from "./strangers";

/** A node of ProseMirror's JSON, of any schema. */
export interface ContentNode {
  type: string;
  attrs?: Record<string, unknown>;
  content?: ContentNode[];
  text?: string;
  marks?: { type: string; attrs?: Record<string, unknown> }[];
  /** Only in a difference of two contents: what this node holds came, or went. */
  change?: Change;
}

export type Change = "inserted" | "deleted";

/** Why an editor must not open the content, or null. It would delete what it can't show, for everybody. */
export function obstacle(root: Y.XmlFragment, schema: Schema): string | null {
  const strangers = strangersIn(root, schema);
  if (strangers.size > 0) return texts.newer;
  try {
    if (root.length > 0) schema.nodeFromJSON(contentOf(root)).check();
    return null;
  } catch {
    return texts.disordered;
  }
}

/** The content as JSON. A plain text, which other editors write, becomes one paragraph a line. */
export function contentOf(root: Y.XmlFragment): ContentNode {
  const characters = (root.toArray() as unknown[]).filter((part) => typeof part === "string");
  if (characters.length === 0) return yXmlFragmentToProsemirrorJSON(root) as ContentNode;
  const lines = characters.join("").split("\n");
  return {
    type: "doc",
    content: lines.map((text) => ({ type: "paragraph", content: text ? [{ type: "text", text }] : [] })),
  };
}

/** The words of the content, a line for each block. */
export function textOf(node: ContentNode): string {
  if (node.text !== undefined) return node.text;
  if (node.type === "hardBreak") return "\n";
  if (node.type === "mention") return `@${node.attrs?.label ?? ""}`;
  const parts = (node.content ?? []).map(textOf);
  const isOfText = node.content?.some((child) => child.text !== undefined || child.type === "mention") ?? false;
  return parts.join(isOfText ? "" : "\n");
}
