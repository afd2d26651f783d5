/** A field to write a comment in, whose text is a draft until it is sent. */

import { useId, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { stored, type Typed, typed } from "../state/mentions";
import * as texts from "../texts/comments";
import * as common from "../texts/common";
import { useProject } from "./context";
import { useProjectDraft } from "./draft";
import { usePeoplePicker } from "./people_picker";

const LONGEST = 10_000;

interface ComposerProps {
  task: string;
  /** Names the draft. */
  field: string;
  label: string;
  action: string;
  /** The text that is changed; nothing for a new comment. */
  saved?: string;
  isFocused?: boolean;
  onSend: (body: string) => void;
  onCancel?: () => void;
}

export function Composer({ task, field, label, action, saved = "", isFocused, onSend, onCancel }: ComposerProps) {
  const project = useProject();
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const members = project.board.members.value;
  const people = useMemo(() => [...members.values()].map(({ user_id, name }) => ({ id: user_id, name })), [members]);
  const others = useMemo(
    () => [...members.values()].filter((member) => member.user_id !== project.board.userId),
    [members],
  );
  const { text, draft, write, discard } = useCommentDraft(task, field, saved);
  const now = useMemo(() => typed(text, (person) => members.get(person)?.name ?? null), [text, members]);
  const excess = [...text].length - LONGEST;
  const canSend = text.trim() !== "" && excess <= 0;

  useLayoutEffect(() => {
    const opener = isFocused ? document.activeElement : null;
    if (isFocused) area.current!.focus();
    return () => {
      project.signals.tell({ edits: null });
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);

  const send = () => {
    if (!canSend) return;
    discard();
    onSend(text.trimEnd());
    // The new comment has pushed the field down.
    requestAnimationFrame(() => area.current?.scrollIntoView({ block: "nearest" }));
  };
  const cancel = () => {
    discard();
    onCancel?.();
  };
  const keep = (next: Typed) => write(stored(next, people));
  const picker = usePeoplePicker(area, now, keep, others);
  const press = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (picker.press(event)) event.preventDefault();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape") {
      event.preventDefault(); // the panel stays open, and the text is kept
      if (onCancel && !draft) onCancel();
      else area.current!.blur();
    }
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label class="sr" for={id}>
        {label}
      </label>
      <textarea
        ref={area}
        id={id}
        rows={onCancel ? 3 : 2}
        dir="auto"
        placeholder={onCancel ? "" : texts.placeholder}
        value={now.text}
        {...picker.attributes}
        onInput={(event) => {
          keep({ ...now, text: event.currentTarget.value });
          picker.follow();
          project.signals.tell({ edits: { task, field: "comment" } });
        }}
        onBlur={() => {
          picker.close();
          project.signals.tell({ edits: null });
        }}
        onKeyDown={press}
      />
      {picker.list}
      {draft?.refused && <p class="problem">{texts.notSent(draft.refused)}</p>}
      {excess > 0 && (
        <p class="problem" role="alert">
          {texts.tooLong(excess)}
        </p>
      )}
      {(onCancel || draft) && (
        <div class="row end">
          {onCancel && (
            <button type="button" class="plain small" onClick={cancel}>
              {common.cancel}
            </button>
          )}
          <button type="submit" class="primary small" disabled={!canSend}>
            {action}
          </button>
        </div>
      )}
    </form>
  );
}

/** The draft of a comment, with its mentions as they are stored. */
export function useCommentDraft(task: string, field: string, saved = "") {
  const title = useProject().board.visible.value?.tasks.find((each) => each.id === task)?.title;
  return useProjectDraft(task, field, texts.draft(title ?? texts.aTask), saved);
}
