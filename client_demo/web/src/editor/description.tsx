/** The editor of a task's description, in the task's panel. */

import type { Editor } from "@tiptap/core";
import { Selection } from "@tiptap/pm/state";
import type { EditorView } from "@tiptap/pm/view";
import { useEffect, useState } from "preact/hooks";
import "./editor.css";
import type { Mark } from "../state/drafts";
import * as common from "../texts/common";
import * as texts from "../texts/editor";
import * as taskTexts from "../texts/task";
import { useProject } from "../view/context";
import { useOpenDocument } from "./open_document";
import type { Replica } from "./replica";
import { Sheet } from "./sheet";
import { Sign } from "./sign";
import { Leftovers } from "./unsaved_text";
import { Versions } from "./versions";

/** Longer texts are inserted at once. */
const MOST_TYPED = 500;

/** A place in the text's box, in pixels from its upper left corner. */
export interface Place {
  x: number;
  y: number;
}

/** The text in its editor. */
export interface Text {
  readonly isEditable: boolean;
  /** Put the caret where that place is, or at the end. */
  focus: (place: Place | null) => void;
  /** Type this where the caret is: at the end, if it was never put elsewhere. A document with the mark has it. */
  insert: (text: string) => Mark;
}

export interface DescriptionProps {
  document: string;
  /** The text can be seen: in an editor, or without one (null) where that would damage it. */
  onShown: (text: Text | null) => void;
  /** Everything is stored. Told whether a document has what these marks stand for. */
  onSaved: (has: (marks: readonly Mark[]) => boolean) => void;
}

function textIn(editor: Editor, replica: Replica): Text {
  const { view } = editor;
  let isPlaced = false;
  const place = (selection: Selection) => {
    isPlaced = true;
    view.dispatch(view.state.tr.setSelection(selection));
  };
  const toEnd = () => place(Selection.atEnd(view.state.doc));
  return {
    get isEditable() {
      return editor.isEditable;
    },
    focus: (at) => {
      const { left, top } = view.dom.getBoundingClientRect();
      const found = at && view.posAtCoords({ left: left + at.x, top: top + at.y });
      if (found) place(Selection.near(view.state.doc.resolve(found.pos)));
      else toEnd();
      view.focus();
    },
    insert: (text) => {
      if (!isPlaced) toEnd();
      if (text.length > MOST_TYPED) editor.commands.insertContent(text.split("\n").map(paragraph));
      else for (const character of text) type(view, character);
      return replica.mark;
    },
  };
}

/** As a key does: `# ` makes a heading. */
function type(view: EditorView, character: string): void {
  const { from, to } = view.state.selection;
  const insertion = () => view.state.tr.insertText(character, from, to);
  if (character === "\n") {
    const enter = new KeyboardEvent("keydown", { key: "Enter" });
    view.someProp("handleKeyDown", (handle) => handle(view, enter));
  } else if (!view.someProp("handleTextInput", (handle) => handle(view, from, to, character, insertion))) {
    view.dispatch(insertion());
  }
}

function paragraph(line: string) {
  return { type: "paragraph", content: line ? [{ type: "text", text: line }] : [] };
}

export function DescriptionEditor({ document: id, onShown, onSaved }: DescriptionProps) {
  const { board } = useProject();
  const opened = useOpenDocument(id);
  const [isLookingBack, setLookingBack] = useState(false);
  const phase = opened?.phase.value ?? { kind: "opening" };
  const replica = phase.kind === "open" ? phase.replica : null;
  const facts = replica?.facts.value;
  const isSaved = facts?.isConnected === true && facts.isSynced && facts.scope !== "none" && facts.unsaved === 0;
  useEffect(() => {
    if (isSaved) onSaved((marks) => replica!.has(marks));
  }, [isSaved]);
  return (
    <>
      <div class="description-state">
        {replica && <Sign replica={replica} />}
        {replica && (
          <button
            type="button"
            class="ghost small"
            aria-pressed={isLookingBack}
            onClick={() => setLookingBack(!isLookingBack)}
          >
            {texts.versions}
          </button>
        )}
      </div>
      {opened && <Leftovers of={opened} />}
      {phase.kind === "failed" && (
        <p class="problem" role="alert">
          {phase.why}{" "}
          <button type="button" class="plain small" onClick={() => opened!.retry()}>
            {common.tryAgain}
          </button>
        </p>
      )}
      {phase.kind === "ended" && (
        <p class="problem" role="alert">
          {phase.why}
        </p>
      )}
      {replica && (
        <Sheet
          key={replica.doc.guid}
          replica={replica}
          title={common.description}
          placeholder={taskTexts.descriptionHint}
          waiting={null}
          onShown={(editor) => onShown(editor && textIn(editor, replica))}
          discard={() => opened!.discard(replica)}
        />
      )}
      {isLookingBack && <Versions id={id} canEdit={board.canEdit.value} onClose={() => setLookingBack(false)} />}
    </>
  );
}
