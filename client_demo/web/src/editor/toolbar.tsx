/** The editor's tools: a toolbar with one tab stop, in which arrow keys move. */

import type { Editor } from "@tiptap/core";
import type { ComponentChildren } from "preact";
import { useEffect, useReducer, useRef } from "preact/hooks";
import { EachFrame } from "../live/frame";
import * as common from "../texts/common";
import * as texts from "../texts/editor";
import { withKeys } from "../view/key_names";
import type { AddressKind } from "./address_dialog";

/** `onAsk` opens the dialog for an address. */
export function Toolbar({ editor, onAsk }: { editor: Editor; onAsk: (kind: AddressKind) => void }) {
  const bar = useRef<HTMLDivElement>(null);
  useRedraw(editor);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.altKey && event.key === "F10") {
        event.preventDefault();
        stops(bar.current!)[0]?.focus();
      } else if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        onAsk("link");
      }
    };
    const text = editor.view.dom;
    text.addEventListener("keydown", listen);
    return () => text.removeEventListener("keydown", listen);
  }, [editor]);
  useEffect(() => keepOneTabStop(bar.current!));

  const chain = () => editor.chain().focus();
  const isIn = (name: string) => editor.isActive(name);
  return (
    <div
      class="tools"
      role="toolbar"
      aria-label={texts.tools}
      aria-orientation="horizontal"
      ref={bar}
      onKeyDown={(event) => move(event, bar.current!, editor)}
      onFocusIn={(event) => keepOneTabStop(bar.current!, event.target as HTMLElement)}
    >
      <Tool label={common.undo} keys="Mod+Z" isOff={!editor.can().undo()} do={() => chain().undo().run()}>
        <Glyph d="M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3" />
      </Tool>
      <Tool label={texts.redo} keys="Mod+Y" isOff={!editor.can().redo()} do={() => chain().redo().run()}>
        <Glyph d="m15 14 5-5-5-5M20 9H10a6 6 0 0 0 0 12h3" />
      </Tool>
      <BlockChoice editor={editor} />
      <Tool label={texts.bold} keys="Mod+B" isOn={isIn("bold")} do={() => chain().toggleBold().run()}>
        <b>{texts.boldSign}</b>
      </Tool>
      <Tool label={texts.italic} keys="Mod+I" isOn={isIn("italic")} do={() => chain().toggleItalic().run()}>
        <i>{texts.italicSign}</i>
      </Tool>
      <Tool label={texts.underline} keys="Mod+U" isOn={isIn("underline")} do={() => chain().toggleUnderline().run()}>
        <u>{texts.underlineSign}</u>
      </Tool>
      <Tool label={texts.strike} isOn={isIn("strike")} do={() => chain().toggleStrike().run()}>
        <s>{texts.strikeSign}</s>
      </Tool>
      <Tool label={texts.code} keys="Mod+E" isOn={isIn("code")} do={() => chain().toggleCode().run()}>
        <Glyph d="m8 8-4 4 4 4M16 8l4 4-4 4" />
      </Tool>
      <Tool label={texts.link} keys="Mod+K" isOn={isIn("link")} do={() => onAsk("link")}>
        <Glyph d="M10 14a4 4 0 0 0 6 .4l3-3a4.2 4.2 0 0 0-6-6l-1.5 1.5M14 10a4 4 0 0 0-6-.4l-3 3a4.2 4.2 0 0 0 6 6l1.5-1.5" />
      </Tool>
      <Tool label={texts.bulletList} isOn={isIn("bulletList")} do={() => chain().toggleBulletList().run()}>
        <Glyph d="M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01" />
      </Tool>
      <Tool label={texts.numberedList} isOn={isIn("orderedList")} do={() => chain().toggleOrderedList().run()}>
        <Glyph d="M10 6h10M10 12h10M10 18h10M4 4h1v4M4 15c0-1.5 2.5-1.5 2.5 0 0 1-2.5 2.5-2.5 4h2.5" />
      </Tool>
      <Tool label={texts.checkList} isOn={isIn("taskList")} do={() => chain().toggleTaskList().run()}>
        <Glyph d="m3.5 6.5 1.5 1.5 3-3M3.5 16.5 5 18l3-3M11 7h9M11 17h9" />
      </Tool>
      <Tool
        label={texts.table}
        isOn={isIn("table")}
        do={() => chain().insertTable({ rows: 3, cols: 3, withHeaderRow: true }).run()}
      >
        <Glyph d="M4 5h16v14H4zM4 10h16M4 14.5h16M10 5v14" />
      </Tool>
      <Tool label={texts.image} do={() => onAsk("image")}>
        <Glyph d="M4 5h16v14H4zM4 16l4.5-4.5L13 16l3-3 4 4M15.5 9h.01" />
      </Tool>
      <Tool label={texts.divider} do={() => chain().setHorizontalRule().run()}>
        <Glyph d="M4 12h16" />
      </Tool>
      {isIn("table") && <TableTools editor={editor} />}
    </div>
  );
}

function TableTools({ editor }: { editor: Editor }) {
  const chain = () => editor.chain().focus();
  return (
    <>
      <Tool label={texts.addRow} isWide do={() => chain().addRowAfter().run()}>
        {texts.addRowSign}
      </Tool>
      <Tool label={texts.deleteRow} isWide do={() => chain().deleteRow().run()}>
        {texts.deleteRowSign}
      </Tool>
      <Tool label={texts.addColumn} isWide do={() => chain().addColumnAfter().run()}>
        {texts.addColumnSign}
      </Tool>
      <Tool label={texts.deleteColumn} isWide do={() => chain().deleteColumn().run()}>
        {texts.deleteColumnSign}
      </Tool>
      <Tool label={texts.deleteTable} isWide do={() => chain().deleteTable().run()}>
        {texts.deleteTable}
      </Tool>
    </>
  );
}

const BLOCKS = {
  paragraph: texts.text,
  "1": texts.heading1,
  "2": texts.heading2,
  "3": texts.heading3,
  blockquote: texts.quote,
  codeBlock: texts.codeBlock,
} as const;

type Block = keyof typeof BLOCKS;

function BlockChoice({ editor }: { editor: Editor }) {
  return (
    <select
      aria-label={texts.kindOfText}
      value={blockOf(editor)}
      onChange={(event) => setBlock(editor, event.currentTarget.value as Block)}
    >
      {Object.entries(BLOCKS).map(([block, name]) => (
        <option key={block} value={block}>
          {name}
        </option>
      ))}
    </select>
  );
}

function blockOf(editor: Editor): Block {
  if (editor.isActive("codeBlock")) return "codeBlock";
  if (editor.isActive("heading")) return String(editor.getAttributes("heading").level) as Block;
  return editor.isActive("blockquote") ? "blockquote" : "paragraph";
}

function setBlock(editor: Editor, block: Block): void {
  const chain = editor.chain().focus();
  if (editor.isActive("blockquote") && block !== "blockquote") chain.lift("blockquote");
  if (block === "paragraph") chain.setParagraph().run();
  else if (block === "blockquote") chain.setParagraph().setBlockquote().run();
  else if (block === "codeBlock") chain.setCodeBlock().run();
  else chain.setHeading({ level: Number(block) as 1 | 2 | 3 }).run();
}

interface ToolProps {
  label: string;
  keys?: string;
  isOn?: boolean;
  isOff?: boolean;
  isWide?: boolean;
  do: () => void;
  children: ComponentChildren;
}

function Tool({ label, keys, isOn, isOff, isWide, do: act, children }: ToolProps) {
  return (
    <button
      type="button"
      class={isWide ? "tool wide" : "tool"}
      aria-label={label}
      aria-pressed={isOn}
      aria-disabled={isOff ? true : undefined}
      title={keys ? withKeys(label, keys) : label}
      onMouseDown={(event) => event.preventDefault()} // the text keeps its selection
      onClick={() => !isOff && act()}
    >
      {children}
    </button>
  );
}

function Glyph({ d }: { d: string }) {
  return (
    <svg class="icon" width={18} height={18} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={d} />
    </svg>
  );
}

/** Draw again when the selection or the text has changed, once a frame. */
function useRedraw(editor: Editor): void {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const frame = new EachFrame(() => redraw(undefined));
    const plan = () => frame.ask();
    editor.on("transaction", plan);
    return () => {
      frame.cancel();
      editor.off("transaction", plan);
    };
  }, [editor]);
}

function stops(bar: HTMLElement): HTMLElement[] {
  return [...bar.querySelectorAll<HTMLElement>("button, select")];
}

function keepOneTabStop(bar: HTMLElement, focused?: HTMLElement): void {
  const all = stops(bar);
  const chosen = focused ?? all.find((each) => each.tabIndex === 0) ?? all[0];
  for (const each of all) each.tabIndex = each === chosen ? 0 : -1;
}

function move(event: KeyboardEvent, bar: HTMLElement, editor: Editor): void {
  const all = stops(bar);
  const index = all.indexOf(event.target as HTMLElement);
  if (event.key === "Escape") {
    event.preventDefault();
    editor.commands.focus();
  }
  const to = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: all.length - 1 }[event.key];
  if (to === undefined || index < 0) return;
  event.preventDefault();
  all[(to + all.length) % all.length]!.focus();
}
