/** The title of a task, as people edit it in its panel. */

import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Task } from "../api/shapes";
import type { TaskFields } from "../state/change";
import * as common from "../texts/common";
import * as fields from "../texts/fields";
import * as texts from "../texts/task";
import { hueOf } from "./avatar";
import { Conflict } from "./conflict";
import { useProject } from "./context";
import { useProjectDraft } from "./draft";

interface TitleProps {
  task: Task;
  canEdit: boolean;
  save: (fields: Partial<TaskFields>, base: Partial<TaskFields>) => void;
}

/**
 * Saved when it loses the focus, also by Escape. Until then it is a draft. If others save another text meanwhile, both
 * are shown and neither overwrites the other.
 */
export function TitleField({ task, canEdit, save }: TitleProps) {
  const project = useProject();
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const [isFocused, setFocused] = useState(false);
  const saved = task.title;
  const { text, draft, isOvertaken, write, rebase, discard } = useProjectDraft(
    task.id,
    "title",
    texts.titleOf(task.title),
    saved,
  );
  const writer = project.presence.writers.value.get(task.id);
  const other = writer?.field === "title" ? writer : null;

  useEffect(() => {
    const { style, scrollHeight } = area.current!;
    if (CSS.supports("field-sizing", "content")) return;
    style.height = "auto";
    style.height = `${Math.max(scrollHeight, area.current!.scrollHeight)}px`;
  }, [text]);

  const keep = (mine: string) => {
    const next = mine.replace(/\s+/g, " ").trim();
    if (next !== saved && next !== "") save({ title: next }, { title: task.title });
    discard();
  };
  const begin = () => {
    if (!canEdit) return;
    setFocused(true);
    project.signals.tell({ edits: { task: task.id, field: "title" } });
  };
  const leave = () => {
    setFocused(false);
    project.signals.tell({ edits: null });
    if (draft && !isOvertaken && canEdit) keep(draft.text);
  };
  return (
    <div class="writing title">
      <div class="writing-head">
        <label for={id}>{common.title}</label>
        {other && <span class={`editing ${hueOf(other.user)}`}>{common.isEditing(other.name)}</span>}
      </div>
      <textarea
        ref={area}
        id={id}
        rows={1}
        maxLength={200}
        readOnly={!canEdit}
        required
        dir="auto"
        value={canEdit ? text : saved}
        onFocus={begin}
        onBlur={leave}
        onInput={(event) => write(event.currentTarget.value)}
        onKeyDown={(event) => {
          const isLeft = event.key === "Escape" ? draft !== undefined : event.key === "Enter";
          if (!isLeft || event.isComposing) return;
          event.preventDefault(); // and closes nothing else
          area.current!.blur();
        }}
      />
      {draft && (isOvertaken || draft.refused !== null || !canEdit) ? (
        <Conflict
          name={fields.nameOf("title")}
          draft={draft}
          saved={saved}
          canEdit={canEdit}
          onSave={keep}
          onDiscard={discard}
          onBoth={(both) => {
            rebase(both);
            area.current!.focus();
          }}
        />
      ) : (
        draft && !isFocused && <NotSaved onSave={() => keep(draft.text)} onDiscard={discard} />
      )}
    </div>
  );
}

/** A text from an earlier visit. */
export function NotSaved({ onSave, onDiscard }: { onSave: () => void; onDiscard: () => void }) {
  return (
    <div class="row not-saved" role="status">
      <span>{texts.begun}</span>
      <span class="spacer" />
      <button type="button" class="plain small" onClick={onDiscard}>
        {common.discard}
      </button>
      <button type="button" class="primary small" onClick={onSave}>
        {common.save}
      </button>
    </div>
  );
}
