/** The panel of one task, beside the board. */

import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import type { Task } from "../api/shapes";
import type { TaskFields } from "../state/change";
import { byPosition, tasksIn } from "../state/columns";
import * as common from "../texts/common";
import * as fields from "../texts/fields";
import * as texts from "../texts/task";
import { Assignee } from "./assignee_field";
import { columnChoices } from "./choices";
import { colourOf } from "./colours";
import { Conflict } from "./conflict";
import { useIsOutside } from "./connection";
import { useProject } from "./context";
import { copyLink } from "./copy_link";
import { ago, dayOf, moment } from "./dates";
import { Description } from "./description";
import { DiscussionView } from "./discussion";
import { useProjectDraft } from "./draft";
import { Icon } from "./icons";
import { Labels } from "./labels_field";
import { Pick } from "./pick";
import { useSettled } from "./settled";
import { TaskHistory } from "./task_history";
import { numberOf } from "./task_name";
import { TitleField } from "./title_field";
import { WatchButton } from "./watch_button";

interface PanelProps {
  task: Task;
  onClose: () => void;
}

export function TaskPanel({ task, onClose }: PanelProps) {
  const project = useProject();
  const panel = useRef<HTMLElement>(null);
  const canEdit = project.board.canEdit.value;
  const creator = project.board.members.value.get(task.created_by)?.name ?? common.formerMember;
  const name = project.board.lastingId(task.id);
  const isUnsent = useIsOutside() && project.board.unsent.value.has(name);

  // Before anything is typed: keys must not go to the card behind.
  useLayoutEffect(() => {
    panel.current!.focus();
    return () => project.signals.tell({ edits: null });
  }, [name]);

  const save = (fields: Partial<TaskFields>, base: Partial<TaskFields>) => project.edit(task, fields, base);
  const columns = project.board.visible.value!.columns.toSorted(byPosition);
  const here = columns.find((each) => each.id === task.column_id);
  const number = numberOf(project.board.visible.value!.project.key, task);
  const due = useSettled<HTMLInputElement>(task.due_on ?? "", (value) =>
    save({ due_on: value || null }, { due_on: task.due_on }),
  );
  return (
    <aside class="panel task-panel" ref={panel} tabIndex={-1} aria-label={texts.label(task.title)}>
      <header class="panel-head">
        <span class={`status-chip ${task.status}`}>
          <span class="dot" style={colourOf(here?.color ?? null, task.status)} aria-hidden="true" />
          <span class="column-name">{here?.name}</span>
        </span>
        {number && <span class="number">{number}</span>}
        {isUnsent && <span class="waiting small">{common.notSentYet}</span>}
        <span class="spacer" />
        {number && (
          <button
            type="button"
            class="ghost icon-only"
            aria-label={texts.copyLink}
            title={texts.copyLink}
            onClick={() => void copyLink(project, task)}
          >
            <Icon name="link" />
          </button>
        )}
        <WatchButton key={task.id} task={task.id} />
        {canEdit && (
          <button
            type="button"
            class="ghost icon-only"
            aria-label={texts.trash}
            onClick={() => {
              project.delete(task.id);
              onClose();
            }}
          >
            <Icon name="trash" />
          </button>
        )}
        <button type="button" class="ghost icon-only" aria-label={texts.close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>

      <div class="panel-body">
        <TitleField task={task} canEdit={canEdit} save={save} />
        <div class="facts">
          <Fact label={texts.status}>
            {(id) => (
              <Pick
                id={id}
                label={texts.columns}
                choices={columnChoices(columns, task.column_id)}
                text={here?.name ?? ""}
                disabled={!canEdit}
                onPick={(choice) => moveToEnd(choice.id)}
              />
            )}
          </Fact>
          <Assignee
            task={task}
            canEdit={canEdit}
            onAssign={(assignee_id) => save({ assignee_id }, { assignee_id: task.assignee_id })}
          />
          <Fact label={texts.due}>
            {(id) => <input id={id} type="date" min="1900-01-01" max="9999-12-31" disabled={!canEdit} {...due} />}
          </Fact>
        </div>
        <FactConflict task={task} field="assignee_id" show={nameOf} canEdit={canEdit} save={save} />
        <FactConflict task={task} field="due_on" show={dayOf} canEdit={canEdit} save={save} />
        <Labels task={task} canEdit={canEdit} />
        <Description task={task} canEdit={canEdit} />
        <p class="quiet small">
          {texts.addedBy(creator)}{" "}
          <time dateTime={task.created_at} title={moment(task.created_at)}>
            {ago(task.created_at)}
          </time>
          {task.updated_at !== task.created_at && (
            <>
              {texts.changed}{" "}
              <time dateTime={task.updated_at} title={moment(task.updated_at)}>
                {ago(task.updated_at)}
              </time>
            </>
          )}
        </p>
        <DiscussionView task={task} />
        {task.version > 0 && <TaskHistory task={task} />}
      </div>
    </aside>
  );

  function nameOf(id: string): string {
    if (id === "") return common.nobody;
    return project.board.members.value.get(id)?.name ?? common.aFormerMember;
  }

  function moveToEnd(id: string): void {
    const column = columns.find((each) => each.id === id);
    const last = tasksIn(project.board.visible.value!.tasks, id).at(-1);
    if (column) project.move(task.id, column, last?.id ?? null, null);
  }
}

function Fact({ label, children }: { label: string; children: (id: string) => ComponentChildren }) {
  const id = useId();
  return (
    <div class="fact">
      <label for={id}>{label}</label>
      {children(id)}
    </div>
  );
}

interface FactConflictProps {
  task: Task;
  field: "assignee_id" | "due_on";
  show: (value: string) => string;
  canEdit: boolean;
  save: (fields: Partial<TaskFields>, base: Partial<TaskFields>) => void;
}

/** A choice that the server refused, beside the one that is saved. */
function FactConflict({ task, field, show, canEdit, save }: FactConflictProps) {
  const name = fields.nameOf(field);
  const saved = task[field] ?? "";
  const { draft, discard } = useProjectDraft(task.id, field, texts.fieldOf(name, task.title), saved);
  if (!draft) return null;
  return (
    <Conflict
      name={name}
      draft={draft}
      saved={saved}
      canEdit={canEdit}
      show={show}
      onSave={(value) => {
        save({ [field]: value || null }, { [field]: task[field] });
        discard();
      }}
      onDiscard={discard}
    />
  );
}
