/** Finds content that the editor's schema lacks: an editor would delete it for everybody. */

import type { Schema } from "@tiptap/pm/model";
import * as Y from "yjs";

type Child = Y.XmlElement | Y.XmlText;

/** A mark that one text may have several times has a hash after its name. */
const HASHED_MARK = /^(.*)--[A-Za-z0-9+/=]{8}$/;

/** The names in the content that the schema lacks. Empty means that an editor can show everything. */
export function strangersIn(root: Y.XmlFragment, schema: Schema): Set<string> {
  const found = new Set<string>();
  visitChildren(root, schema, found, () => true);
  return found;
}

/**
 * The same for what a transaction has changed, to be called before the editor sees it (`beforeObserverCalls`).
 *
 * Only the changed types and their new children are visited, so typing costs the same in a long document.
 */
export function strangersOf(transaction: Y.Transaction, schema: Schema): Set<string> {
  const found = new Set<string>();
  const isNew = (type: Child) => {
    const id = type._item?.id;
    return id !== undefined && id.clock >= (transaction.beforeState.get(id.client) ?? 0);
  };
  for (const type of transaction.changed.keys()) {
    if (type instanceof Y.XmlText) visitText(type, schema, found);
    else if (type instanceof Y.XmlFragment) visitChildren(type, schema, found, isNew); // an element is one, too
  }
  return found;
}

function visitChildren(
  parent: Y.XmlFragment,
  schema: Schema,
  found: Set<string>,
  isVisited: (child: Child) => boolean,
): void {
  for (const child of parent.toArray() as unknown[]) {
    if (child instanceof Y.XmlText) {
      if (isVisited(child)) visitText(child, schema, found);
    } else if (child instanceof Y.XmlElement) {
      if (!isVisited(child)) continue;
      if (!schema.nodes[child.nodeName]) found.add(child.nodeName);
      visitChildren(child, schema, found, () => true);
    } else {
      found.add("text"); // a plain text, or something that is no part of rich text
    }
  }
}

function visitText(text: Y.XmlText, schema: Schema, found: Set<string>): void {
  for (const { insert, attributes } of text.toDelta() as { insert: unknown; attributes?: object }[]) {
    if (typeof insert !== "string") found.add("embed");
    for (const key of Object.keys(attributes ?? {})) {
      const name = HASHED_MARK.exec(key)?.[1] ?? key;
      if (!schema.marks[name]) found.add(name);
    }
  }
}
