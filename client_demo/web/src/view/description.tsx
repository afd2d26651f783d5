/** A task's description: its text, and an editor for it once there is a document to write in. */

import type { ComponentType } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Unavailable } from "../api/request";
import type { Document, Task } from "../api/shapes";
import type { DescriptionProps, Place, Text } from "../editor/description";
import { Prose } from "../markdown/prose";
import type { Mark } from "../state/drafts";
import * as common from "../texts/common";
import * as texts from "../texts/task";
import { hueOf } from "./avatar";
import { useLink, useProject, useUnsaved } from "./context";
import { useProjectDraft } from "./draft";
import { messageOf } from "./failure";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;

type Writer = ComponentType<DescriptionProps>;

/**
 * Opening a task makes no document: that waits for the first click or key in the text. What is typed before the editor
 * is there stands below the text, as a draft. The editor gets it then, and it stays another draft until it is saved.
 */
export function Description({ task, canEdit }: { task: Task; canEdit: boolean }) {
  const project = useProject();
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const clicked = useRef<Place | null>(null);
  const draft = useProjectDraft(task.id, "description", texts.descriptionOf(task.title));
  const handed = useProjectDraft(task.id, "description:handed", texts.descriptionOf(task.title));
  const [openedAt] = useState(() => new Date().toISOString());
  const ahead = draft.text;
  const [isNear, setNear] = useState(false);
  const [isWanted, setWanted] = useState(false);
  const [isComposing, setComposing] = useState(false);
  const [shown, setShown] = useState<{ text: Text | null } | null>(null);
  const { made, problem } = useDocument(task, isWanted && canEdit);
  const document = task.document_id ?? made;
  const Writer = useWriter(document !== null || isWanted || isNear);
  const writer = project.presence.writers.value.get(task.id);
  const other = writer?.field === "description" ? writer : null;
  const text = task.description ?? "";
  const [isTakenOver, setTakenOver] = useState(false);

  // All at once, so that no key gets lost between the field and the editor.
  useLayoutEffect(() => {
    if (!shown || isComposing) return;
    setTakenOver(true);
    if (!shown.text?.isEditable) return;
    if (field.current && field.current === globalThis.document.activeElement) shown.text.focus(clicked.current);
    if (!isWanted || ahead === "") return;
    const mark = shown.text.insert(ahead);
    handed.write(joined(handed.text, ahead), [...(handed.draft?.marks ?? []), mark]);
    draft.discard();
  }, [shown, isComposing, isWanted, ahead]);
  const settle = (has: (marks: readonly Mark[]) => boolean) => {
    if (!handed.draft) return;
    const isSaved = has(handed.draft.marks ?? []);
    if (!isSaved && handed.draft.at > openedAt) return; // another tab may be about to send it
    if (!isSaved) draft.write(joined(handed.text, draft.text));
    handed.discard();
  };

  return (
    <div
      class="writing description"
      ref={box}
      role="group"
      aria-labelledby={id}
      onFocusIn={() => canEdit && project.signals.tell({ edits: { task: task.id, field: "description" } })}
      onFocusOut={(event) => {
        if (!box.current!.contains(event.relatedTarget as Node | null)) project.signals.tell({ edits: null });
      }}
      onKeyDownCapture={(event) => {
        // Leaves the text, and not the task. Before the editor, which takes the key for itself.
        if (event.key !== "Escape" || !(event.target as HTMLElement).matches(".resting textarea, .ProseMirror")) return;
        if (globalThis.document.querySelector(".caret-list")) return;
        event.preventDefault();
        box.current!.closest<HTMLElement>(".panel")!.focus();
      }}
    >
      <div class="writing-head">
        <span class="label-text" id={id}>
          {common.description}
        </span>
        {other && <span class={`editing ${hueOf(other.user)}`}>{common.isEditing(other.name)}</span>}
      </div>
      {document !== null && Writer && (
        <Writer document={document} onShown={(text) => setShown({ text })} onSaved={settle} />
      )}
      {document !== null && !Writer && <div class="room-for-state" />}
      {document !== null && !isTakenOver && canEdit && text && <div class="room-for-tools" />}
      {!isTakenOver && (
        <div class={`resting ${text && !ahead ? "over" : ""}`}>
          {text ? (
            <div id={`${id}-text`}>
              <Prose text={text} nameOf={(person) => project.board.members.value.get(person)?.name ?? null} />
            </div>
          ) : (
            !canEdit && <p class="quiet">{texts.noDescription}</p>
          )}
          {canEdit && (
            <textarea
              ref={field}
              rows={ahead || !text ? 5 : 1}
              aria-labelledby={id}
              aria-describedby={text ? `${id}-text` : undefined}
              dir="auto"
              placeholder={text ? "" : texts.descriptionHint}
              value={ahead}
              onFocus={() => setNear(true)}
              onClick={(event) => {
                const under = event.currentTarget.previousElementSibling ?? event.currentTarget;
                const { left, top } = under.getBoundingClientRect();
                clicked.current = { x: event.clientX - left, y: event.clientY - top };
                setWanted(true);
              }}
              onInput={(event) => {
                clicked.current = null;
                draft.write(event.currentTarget.value);
                setWanted(true);
              }}
              onCompositionStart={() => setComposing(true)}
              onCompositionEnd={() => setComposing(false)}
            />
          )}
        </div>
      )}
      {ahead !== "" && (
        <Ahead
          text={isTakenOver || !canEdit ? ahead : null}
          isOffered={!isWanted}
          problem={problem}
          onAdd={canEdit ? () => setWanted(true) : null}
          onDiscard={draft.discard}
        />
      )}
    </div>
  );
}

function joined(...parts: string[]): string {
  return parts.filter(Boolean).join("\n");
}

interface AheadProps {
  /** The text, where it stands nowhere else. */
  text: string | null;
  /** It was typed before this panel was opened. */
  isOffered: boolean;
  problem: string | null;
  onAdd: (() => void) | null;
  onDiscard: () => void;
}

/** What becomes of text that is in no document yet. */
function Ahead({ text, isOffered, problem, onAdd, onDiscard }: AheadProps) {
  const isKept = useUnsaved().isKept.value;
  const isLive = useLink().state.value.kind === "live";
  const offline = isKept ? texts.offlineKept : texts.offline;
  const state = problem ?? (isOffered ? texts.writtenEarlier : isLive ? texts.saving : offline);
  return (
    <div class="ahead">
      {text !== null && (
        <p class="source" dir="auto">
          {text}
        </p>
      )}
      <p class="quiet small" role="status">
        {state}
      </p>
      {(isOffered || problem) && (
        <div class="row">
          {isOffered && onAdd && (
            <button type="button" class="primary small" onClick={onAdd}>
              {texts.addIt}
            </button>
          )}
          <button type="button" class="plain small" onClick={onDiscard}>
            {texts.discardIt}
          </button>
        </div>
      )}
    </div>
  );
}

/** Makes the description's document when it is wanted, as soon as the server can be reached. */
function useDocument(task: Task, isWanted: boolean) {
  const project = useProject();
  const isLive = useLink().state.value.kind === "live";
  const [made, setMade] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);
  const isDue = isWanted && !task.document_id && made === null && task.version > 0; // 0: not sent yet
  useEffect(() => {
    if (!isDue) return;
    let isCurrent = true;
    let timer: ReturnType<typeof setTimeout>;
    project.session.request<Document>("POST", `projects/${project.id}/tasks/${task.id}/document`).then(
      ({ body }) => {
        if (!isCurrent) return;
        setMade(body.id);
        setProblem(null);
      },
      (failure) => {
        if (!isCurrent) return;
        if (!(failure instanceof Unavailable)) return setProblem(messageOf(failure));
        timer = setTimeout(setAttempt, Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS), attempt + 1);
      },
    );
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [isDue, task.id, isLive, attempt]);
  return { made, problem };
}

/** The editor, once it is needed and loaded. */
function useWriter(isNeeded: boolean): Writer | null {
  const isLive = useLink().state.value.kind === "live";
  const [loaded, setLoaded] = useState<{ Writer: Writer } | null>(null);
  useEffect(() => {
    if (!isNeeded || loaded) return;
    let isCurrent = true;
    import("../editor/description").then(
      ({ DescriptionEditor }) => isCurrent && setLoaded({ Writer: DescriptionEditor }),
      () => {}, // again once the server can be reached; until then the text can be read, and typed below
    );
    return () => {
      isCurrent = false;
    };
  }, [isNeeded, isLive]);
  return loaded?.Writer ?? null;
}
