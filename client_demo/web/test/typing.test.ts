import { EditorState, type Plugin, type PluginView, Selection, type Transaction } from "@tiptap/pm/state";
import type { EditorView } from "@tiptap/pm/view";
import { undo, ySyncPlugin, yUndoPlugin } from "@tiptap/y-tiptap";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { caretInPlace } from "../src/editor/caret";
import { contentOf, textOf } from "../src/editor/content";
import { ROOT } from "../src/editor/replica";
import { SCHEMA } from "../src/editor/schema";

/** An editor without a screen: its state, its binding to Yjs, and a line of what it has yet to send. */
class Writer {
  readonly doc = new Y.Doc();
  readonly unsent: Uint8Array[] = [];
  state: EditorState;
  private readonly views: PluginView[] = [];

  constructor(id: number, start: Uint8Array) {
    this.doc.clientID = id;
    Y.applyUpdate(this.doc, start);
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== this) this.unsent.push(update);
    });
    const plugins: Plugin[] = [caretInPlace(), ySyncPlugin(this.doc.getXmlFragment(ROOT)), yUndoPlugin()];
    this.state = EditorState.create({ schema: SCHEMA, plugins });
    for (const plugin of plugins) this.views.push(plugin.spec.view?.(this.view) ?? {});
  }

  private get view(): EditorView {
    return this as unknown as EditorView; // what the plugins use of it
  }

  get text(): string {
    return textOf(contentOf(this.doc.getXmlFragment(ROOT)));
  }

  /** The text with the caret in it. */
  get shown(): string {
    const { doc, selection } = this.state;
    return `${doc.textBetween(0, selection.head, "\n")}|${doc.textBetween(selection.head, doc.content.size, "\n")}`;
  }

  hasFocus(): boolean {
    return false;
  }

  readonly dispatch = (transaction: Transaction): void => {
    const before = this.state;
    this.state = before.apply(transaction);
    for (const view of this.views) view.update?.(this.view, before);
  };

  put(caret: "start" | "end"): void {
    const { doc, tr } = this.state;
    this.dispatch(tr.setSelection(caret === "end" ? Selection.atEnd(doc) : Selection.atStart(doc)));
  }

  type(text: string): void {
    for (const letter of text) this.dispatch(this.state.tr.insertText(letter));
  }

  hear(update: Uint8Array): void {
    Y.applyUpdate(this.doc, update, this);
  }
}

function block(name: string, ...children: (Y.XmlElement | Y.XmlText)[]): Y.XmlElement {
  const made = new Y.XmlElement(name);
  made.insert(0, children);
  return made;
}

function paragraph(text: string): Y.XmlElement {
  return block("paragraph", new Y.XmlText(text));
}

function heading(text: string): Y.XmlElement {
  const made = block("heading", new Y.XmlText(text));
  made.setAttribute("level", 2 as unknown as string); // as editors write it
  return made;
}

function start(...blocks: Y.XmlElement[]): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = 1; // as the server does it
  doc.getXmlFragment(ROOT).push(blocks);
  return Y.encodeStateAsUpdate(doc);
}

const STARTS: [string, Uint8Array, "start" | "end"][] = [
  ["the end of a paragraph", start(paragraph("Two tanks.")), "end"],
  ["the start of a paragraph", start(paragraph("Hot tanks.")), "start"],
  ["the end of a heading", start(heading("Plan")), "end"],
  ["the end of one of two equal paragraphs", start(paragraph("Tanks."), paragraph("Tanks.")), "end"],
  ["the end of a list", start(block("bulletList", block("listItem", paragraph("fuel")))), "end"],
  ["an empty paragraph", start(paragraph("Tanks."), paragraph(""), paragraph("")), "end"],
  ["an empty list item", start(block("bulletList", block("listItem", paragraph("")))), "end"],
  ["a new document", start(paragraph("")), "end"],
  ["a document without a paragraph", start(), "end"],
];
const IDS = [
  [5, 9],
  [9, 5],
] as const;

type Act = "his" | "hers" | "to her" | "to him";

/** All orders in which two people can type so many letters each and hear of them, one by one. */
function* orders(his: number, hers: number, toHer = his, toHim = hers): Generator<Act[]> {
  if (his + hers + toHer + toHim === 0) yield [];
  if (his > 0) for (const rest of orders(his - 1, hers, toHer, toHim)) yield ["his", ...rest];
  if (hers > 0) for (const rest of orders(his, hers - 1, toHer, toHim)) yield ["hers", ...rest];
  if (toHer > his) for (const rest of orders(his, hers, toHer - 1, toHim)) yield ["to her", ...rest];
  if (toHim > hers) for (const rest of orders(his, hers, toHer, toHim - 1)) yield ["to him", ...rest];
}

function play(acts: Iterable<Act>, at: (typeof STARTS)[number], ids: readonly [number, number], texts: string[]) {
  const [he, she] = ids.map((id) => new Writer(id, at[1])) as [Writer, Writer];
  he.put(at[2]);
  she.put(at[2]);
  const [his, hers] = texts.map((text) => [...text]) as [string[], string[]];
  for (const act of acts) {
    if (act === "his") he.type(his.shift()!);
    else if (act === "hers") she.type(hers.shift()!);
    else if (act === "to her") she.hear(he.unsent.shift()!);
    else he.hear(she.unsent.shift()!);
  }
  he.type(his.join(""));
  she.type(hers.join(""));
  exchange(he, she);
  return [he, she] as const;
}

function exchange(he: Writer, she: Writer): void {
  while (he.unsent.length + she.unsent.length > 0) {
    for (const update of he.unsent.splice(0)) she.hear(update);
    for (const update of she.unsent.splice(0)) he.hear(update);
  }
}

describe.each(STARTS)("at %s", (...at) => {
  test.each(IDS)("two people's words stay whole, whenever they hear of each other", { timeout: 60_000 }, (...ids) => {
    const found = new Set<string>();
    for (const acts of orders(2, 1)) {
      const [he, she] = play(acts, at, ids, [" His.", " Hers."]);
      expect(he.text, acts.join()).toBe(she.text);
      expect(he.text, acts.join()).toContain(" His.");
      expect(he.text, acts.join()).toContain(" Hers.");
      expect(he.shown, acts.join()).toContain(" His.|");
      expect(she.shown, acts.join()).toContain(" Hers.|");
      found.add([...he.text.replace("\n", "")].sort().join(""));
    }
    expect(found.size).toBe(1); // nothing twice
  });
});

test("a paragraph that somebody makes is one for all who begin in it", () => {
  const he = new Writer(5, start(paragraph("Tanks.")));
  he.put("end");
  he.dispatch(he.state.tr.split(he.state.selection.head));
  const she = new Writer(9, Y.encodeStateAsUpdate(he.doc));
  she.put("end");
  he.unsent.length = 0;
  he.type("His.");
  she.type("Hers.");
  he.hear(she.unsent.shift()!);
  she.hear(he.unsent.shift()!);
  he.type(" By rail.");
  she.type(" By ship.");
  exchange(he, she);
  expect([he.text, she.text]).toEqual(Array(2).fill("Tanks.\nHis. By rail.Hers. By ship."));
  undo(he.state);
  expect(he.text).toBe("Tanks.\nHers. By ship.");
});

test.each(IDS)("an empty paragraph that Enter leaves behind is one for all who begin in it", (...ids) => {
  for (const acts of orders(2, 2)) {
    const [he, she] = ids.map((id) => new Writer(id, start(paragraph("Tanks.")))) as [Writer, Writer];
    he.put("start");
    he.dispatch(he.state.tr.split(he.state.selection.head));
    exchange(he, she);
    for (const writer of [he, she]) writer.put("start");
    const [his, hers] = [[..."ab"], [..."xy"]];
    for (const act of acts) {
      if (act === "his") he.type(his.shift()!);
      else if (act === "hers") she.type(hers.shift()!);
      else if (act === "to her") she.hear(he.unsent.shift()!);
      else he.hear(she.unsent.shift()!);
    }
    exchange(he, she);
    expect(he.text, acts.join()).toBe(she.text);
    expect(["abxy\nTanks.", "xyab\nTanks."], acts.join()).toContain(he.text);
  }
});

test("the caret in an empty paragraph stays before what others type there", () => {
  const [he, she] = [5, 9].map((id) => new Writer(id, start(paragraph("Tanks."), new Y.XmlElement("paragraph"))));
  he!.put("end");
  she!.put("end");
  she!.type("Hers.");
  exchange(he!, she!);
  expect(he!.shown).toBe("Tanks.\n|Hers.");
});
