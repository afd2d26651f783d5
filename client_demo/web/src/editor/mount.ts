/** The editor on a document's replica. */

import { Editor, Extension } from "@tiptap/core";
import { Collaboration, isChangeOrigin } from "@tiptap/extension-collaboration";
import { CollaborationCaret } from "@tiptap/extension-collaboration-caret";
import { Placeholder } from "@tiptap/extensions";
import { Plugin, Selection, TextSelection } from "@tiptap/pm/state";
import type * as Y from "yjs";
import type { Member, User } from "../api/shapes";
import * as common from "../texts/common";
import * as texts from "../texts/editor";
import { hueOf } from "../view/avatar";
import { CaretAsSeen, CaretInPlace, CaretWithFocus, keepCaret } from "./caret";
import { BulletToCheckList } from "./check_list";
import { mentionSuggestion } from "./mentions";
import { type Replica, ROOT } from "./replica";
import { contentExtensions } from "./schema";
import { slashMenu } from "./slash_menu";
import { strangersOf } from "./strangers";

interface Options {
  element: HTMLElement;
  replica: Replica;
  user: User;
  title: string;
  placeholder?: string | undefined;
  canEdit: boolean;
  members: () => Iterable<Member>;
  /** The person wants to put in an image. */
  askForImage: () => void;
  /** Content has come that the editor would delete. The editor is gone by then. */
  onStrangers: (names: Set<string>) => void;
}

/** Mount an editor. The caller has checked the content (`strangersIn`), and calls `unmount`. */
export function mountEditor(options: Options): { editor: Editor; unmount: () => void } {
  const { element, replica, user, canEdit } = options;
  const letCaretGo = keepCaret(replica.provider); // before the editor listens to the same changes
  const editor = new Editor({
    element,
    editable: canEdit,
    injectCSS: false, // the page's policy allows no inline styles
    content: { type: "doc", content: [{ type: "paragraph" }] }, // not HTML, which the policy refuses too
    extensions: [
      ...contentExtensions({ suggestion: mentionSuggestion(options.members) }),
      Collaboration.configure({ document: replica.doc, field: ROOT, provider: replica.provider }),
      CollaborationCaret.configure({
        provider: replica.provider,
        user: { id: user.id, name: user.name }, // the server writes the true ones in their place
        render: caretOf,
        selectionRender: (other) => ({ class: `other-selection ${hueOf(idOf(other))}` }),
      }),
      Placeholder.configure({
        placeholder: options.placeholder ?? texts.placeholder,
      }),
      slashMenu(options.askForImage),
      BulletToCheckList,
      OwnChangesOnly,
      CaretAsSeen,
      CaretInPlace,
      CaretWithFocus,
    ],
    editorProps: {
      attributes: { "aria-label": options.title, "aria-multiline": "true", role: "textbox", dir: "auto" },
    },
  });

  // Before the editor's own observer, which deletes what its schema lacks.
  const guard = (transaction: Y.Transaction) => {
    const names = strangersOf(transaction, editor.schema);
    if (names.size === 0 || editor.isDestroyed) return;
    editor.destroy();
    options.onStrangers(names);
  };
  replica.doc.on("beforeObserverCalls", guard);
  return {
    editor,
    unmount: () => {
      letCaretGo();
      replica.doc.off("beforeObserverCalls", guard);
      editor.destroy();
    },
  };
}

/**
 * Refuses changes that nobody made: every change of a reader, and what plugins add to somebody else's change, such as
 * the repair of a table. Each window that has the document open would make it again.
 */
const OwnChangesOnly = Extension.create({
  name: "ownChangesOnly",
  addProseMirrorPlugins() {
    const { editor } = this;
    return [
      new Plugin({
        filterTransaction: (transaction) => {
          if (!transaction.docChanged || isChangeOrigin(transaction)) return true;
          const cause = transaction.getMeta("appendedTransaction");
          return editor.isEditable && !(cause && isChangeOrigin(cause));
        },
        // The first drawing of the content may leave the caret in a list instead of its text, where typing is lost.
        appendTransaction: (_, __, { selection, tr }) => {
          const isAstray = selection instanceof TextSelection && !selection.$head.parent.inlineContent;
          return isAstray ? tr.setSelection(Selection.near(selection.$head)) : null;
        },
      }),
    ];
  },
});

function caretOf(other: Record<string, unknown>): HTMLElement {
  const caret = document.createElement("span");
  caret.className = `other-caret ${hueOf(idOf(other))}`;
  caret.ariaHidden = "true"; // a name amid the text is not of it; those who are here are named above
  const label = document.createElement("span");
  label.className = "other-name";
  label.textContent = typeof other.name === "string" ? other.name : common.somebody;
  caret.append(label);
  return caret;
}

function idOf(other: Record<string, unknown>): string {
  return typeof other.id === "string" ? other.id : "";
}
