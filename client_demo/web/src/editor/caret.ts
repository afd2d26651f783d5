/** The caret: in the text as soon as that has the focus, and never put elsewhere by what others write. */

import type { HocuspocusProvider } from "@hocuspocus/provider";
import { Extension } from "@tiptap/core";
import type { Node, Schema } from "@tiptap/pm/model";
import { type EditorState, Plugin } from "@tiptap/pm/state";
import {
  absolutePositionToRelativePosition,
  type ProsemirrorBinding,
  updateYFragment,
  yCursorPluginKey,
  ySyncPluginKey,
} from "@tiptap/y-tiptap";
import * as Y from "yjs";

/** ProseMirror puts the caret into the text 20 ms later: on a busy machine after the first keys, which would be lost. */
export const CaretWithFocus = Extension.create({
  name: "caretWithFocus",
  addProseMirrorPlugins() {
    return [
      new Plugin({
        props: {
          handleDOMEvents: {
            focus: (view) => {
              const hasCaret = view.dom.contains(getSelection()?.anchorNode ?? null);
              if (view.editable && !hasCaret) view.focus();
              return false;
            },
          },
        },
      }),
    ];
  },
});

/** Has the editor look where the caret is before it draws what others wrote. Returns what ends this. */
export function keepCaret(provider: HocuspocusProvider): () => void {
  provider.on("message", lookWhereCaretIs);
  return () => provider.off("message", lookWhereCaretIs);
}

/**
 * Has the editor look where the caret is before it obeys a key, and before it draws carets of others.
 *
 * The browser moves the caret first and reports it in a task of its own. An editor that draws between the two puts the
 * caret back to where it knew it, and one that obeys a key there does so in the wrong place.
 */
export const CaretAsSeen = Extension.create({
  name: "caretAsSeen",
  priority: 1002, // before all that obey keys
  addProseMirrorPlugins() {
    const { editor } = this;
    return [
      new Plugin({
        props: {
          handleDOMEvents: {
            keydown: () => {
              lookWhereCaretIs();
              return false;
            },
          },
        },
        filterTransaction: (transaction, state) => {
          const carets = transaction.getMeta(yCursorPluginKey);
          if (!carets) return true;
          lookWhereCaretIs();
          if (editor.state === state) return true;
          // The caret had moved: the carets of others are drawn beside it where it is now.
          editor.view.dispatch(editor.state.tr.setMeta(yCursorPluginKey, carets));
          return false;
        },
      }),
    ];
  },
});

function lookWhereCaretIs(): void {
  document.dispatchEvent(new Event("selectionchange"));
}

/** What one person types stays together, also where others type at the same time. */
export const CaretInPlace = Extension.create({
  name: "caretInPlace",
  priority: 1001, // before the binding to Yjs, which has 1000
  addProseMirrorPlugins: () => [caretInPlace()],
});

/**
 * Tells the binding of the editor to Yjs what it would guess; its plugin comes after this one.
 *
 * The binding knows which letter the caret is behind. But after a change of the same paragraph it looks for similar text
 * instead, and counts from its start. It compares texts to find out what was typed: an H before an H counts as typed
 * behind it, and what others add to theirs would come between. And each of two people who begin in an empty paragraph
 * would give it a text of their own, whose content gets doubled.
 */
export function caretInPlace(): Plugin {
  return new Plugin({
    view: (view) => {
      const { binding, doc } = ySyncPluginKey.getState(view.state) as { binding: Binding; doc: Y.Doc };
      let isParagraphEmpty = false;
      const look = () => {
        isParagraphEmpty = isCaretInEmpty(view.state);
      };
      const keep = () => {
        const known = binding.beforeTransactionSelection;
        if (!known) return;
        if (isParagraphEmpty) known.anchor = known.head = startOf(known.head);
        if (isThere(known.anchor, doc)) known.absAnchor = null;
        if (isThere(known.head, doc)) known.absHead = null;
      };
      doc.on("beforeAllTransactions", look);
      doc.on("beforeObserverCalls", keep);
      return {
        update: ({ state }, before) => {
          if (state.doc === before.doc) return;
          const marked = withMark(before.doc, state);
          const write = (transaction: Y.Transaction) => {
            if (marked) updateYFragment(doc, binding.type, marked, binding);
            updateYFragment(doc, binding.type, state.doc, binding);
            if (!marked) giveText(state.selection.head, binding, doc);
            giveTextToNew(transaction, state.schema);
          };
          // Does nothing while the binding draws what others have changed.
          binding.mux(() => {
            if (marked || isCaretInEmpty(state) || hasNewEmpty(before.doc, state.doc))
              doc.transact(write, ySyncPluginKey);
          });
        },
        destroy: () => {
          doc.off("beforeAllTransactions", look);
          doc.off("beforeObserverCalls", keep);
        },
      };
    },
  });
}

interface Binding extends Omit<ProsemirrorBinding, "beforeTransactionSelection"> {
  /** Without the absolute positions there is nothing to guess from. */
  beforeTransactionSelection: {
    anchor: Y.RelativePosition;
    head: Y.RelativePosition;
    absAnchor: number | null;
    absHead: number | null;
  } | null;
}

function isCaretInEmpty({ selection: { empty, $head } }: EditorState): boolean {
  return empty && $head.parent.isTextblock && $head.parent.content.size === 0;
}

/** Before what others type in an empty paragraph: behind it, the caret would follow each of their letters. */
function startOf(position: Y.RelativePosition): Y.RelativePosition {
  return position.item ? position : new Y.RelativePosition(position.type, position.tname, null, -1);
}

/** Whether the text of the position still exists. */
function isThere(position: Y.RelativePosition, doc: Y.Doc): boolean {
  const found = Y.createAbsolutePositionFromRelativePosition(position, doc);
  return found !== null && !found.type._item?.deleted;
}

const MARK = "\uE000";

/** The content with a mark before what was typed, so that a comparison finds the place; null if it does anyway. */
function withMark(before: Node, { doc, tr, selection }: EditorState): Node | null {
  const caret = selection.$from;
  const typed = doc.content.size - before.content.size;
  const place = caret.pos - typed;
  const letter = (at: number) => (at < caret.end() ? doc.textBetween(at, at + 1) : "");
  if (typed <= 0 || typed > caret.parentOffset || !letter(place) || letter(place) !== letter(caret.pos)) return null;
  const start = before.content.findDiffStart(doc.content);
  const end = before.content.findDiffEnd(doc.content);
  const isAllThatChanged = start !== null && end !== null && start >= place && end.b <= caret.pos;
  return isAllThatChanged ? tr.insertText(MARK, place).doc : null;
}

/** Who makes an empty paragraph gives it the text that all will type into. */
function giveText(caret: number, { type, mapping }: Binding, doc: Y.Doc): void {
  const position = absolutePositionToRelativePosition(caret, type, mapping);
  const paragraph = Y.createAbsolutePositionFromRelativePosition(position, doc)?.type;
  if (paragraph instanceof Y.XmlElement && paragraph.length === 0) paragraph.insert(0, [new Y.XmlText()]);
}

/** Also where the caret is not: Enter at the start of a paragraph leaves an empty one above. */
function giveTextToNew({ doc, beforeState }: Y.Transaction, schema: Schema): void {
  const known = beforeState.get(doc.clientID) ?? 0;
  const made = (doc.store.clients.get(doc.clientID) ?? []).filter(({ id }) => id.clock >= known);
  for (const item of made) {
    if (!(item instanceof Y.Item) || item.deleted || !(item.content instanceof Y.ContentType)) continue;
    const { type } = item.content;
    const isText = type instanceof Y.XmlElement && schema.nodes[type.nodeName]?.isTextblock;
    if (isText && type.length === 0) type.insert(0, [new Y.XmlText()]);
  }
}

/** Whether a change has made empty paragraphs. Typing a letter, which is not looked through, makes none. */
function hasNewEmpty(before: Node, after: Node): boolean {
  return after.content.size - before.content.size > 1 && countEmpty(after) > countEmpty(before);
}

function countEmpty(doc: Node): number {
  let count = 0;
  doc.descendants((node) => {
    if (node.isTextblock && node.content.size === 0) count++;
  });
  return count;
}
