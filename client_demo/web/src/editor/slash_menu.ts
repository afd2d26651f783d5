/** The menu that opens after a / at the beginning of a block, and puts something else in its place. */

import { type ChainedCommands, type Editor, Extension } from "@tiptap/core";
import { PluginKey } from "@tiptap/pm/state";
import { Suggestion } from "@tiptap/suggestion";
import * as texts from "../texts/editor";
import { caretList, hasWord } from "./caret_list";

interface Insertion {
  name: string;
  /** Other words that find it. */
  words: string;
  do: (chain: ChainedCommands) => ChainedCommands;
  /** Asks for an address first. */
  asksForImage?: true;
}

const INSERTIONS: readonly Insertion[] = [
  { name: texts.heading1, words: texts.heading1Words, do: (chain) => chain.setHeading({ level: 1 }) },
  { name: texts.heading2, words: texts.heading2Words, do: (chain) => chain.setHeading({ level: 2 }) },
  { name: texts.heading3, words: texts.heading3Words, do: (chain) => chain.setHeading({ level: 3 }) },
  { name: texts.bulletList, words: texts.bulletListWords, do: (chain) => chain.toggleBulletList() },
  { name: texts.numberedList, words: texts.numberedListWords, do: (chain) => chain.toggleOrderedList() },
  { name: texts.checkList, words: texts.checkListWords, do: (chain) => chain.toggleTaskList() },
  {
    name: texts.table,
    words: texts.tableWords,
    do: (chain) => chain.insertTable({ rows: 3, cols: 3, withHeaderRow: true }),
  },
  { name: texts.image, words: texts.imageWords, do: (chain) => chain, asksForImage: true },
  { name: texts.mention, words: texts.mentionWords, do: (chain) => chain.insertContent({ type: "text", text: "@" }) },
  { name: texts.quote, words: texts.quoteWords, do: (chain) => chain.setBlockquote() },
  { name: texts.codeBlock, words: texts.codeBlockWords, do: (chain) => chain.setCodeBlock() },
  { name: texts.divider, words: texts.dividerWords, do: (chain) => chain.setHorizontalRule() },
  { name: texts.text, words: texts.textWords, do: (chain) => chain.setParagraph() },
];

export function slashMenu(askForImage: () => void): Extension {
  return Extension.create({
    name: "slashMenu",
    addProseMirrorPlugins() {
      return [
        Suggestion<Insertion, Insertion>({
          editor: this.editor,
          pluginKey: new PluginKey("slashMenu"),
          char: "/",
          startOfLine: true,
          allow: ({ state, range }) => {
            const $start = state.doc.resolve(range.from);
            return $start.parentOffset === 0 && !$start.parent.type.spec.code;
          },
          items: ({ editor, query }) => insertions(editor, query),
          command: ({ editor, range, props }) => {
            props.do(editor.chain().focus().deleteRange(range)).run();
            if (props.asksForImage) askForImage();
          },
          render: caretList<Insertion>({ label: texts.insert, nameOf: ({ name }) => name }),
        }),
      ];
    },
  });
}

/** What the query finds, and can stand where the caret is. */
function insertions(editor: Editor, query: string): Insertion[] {
  return INSERTIONS.filter(
    (each) => hasWord(`${each.name} ${each.words}`, query) && each.do(editor.can().chain()).run(),
  );
}
