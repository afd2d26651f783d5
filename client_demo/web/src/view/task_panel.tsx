/** Everything about one task, beside the board. */

import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { STATUS_NAMES, STATUSES, type Status, type Task } from "../api/shapes";
import type { TaskFields } from "../state/change";
import { hueOf } from "./avatar";
import { useProject } from "./context";
import { ago, moment } from "./dates";
import { Confirm } from "./dialog";
import { Icon } from "./icons";
import { useSettled } from "./settled";

interface PanelProps {
  task: Task;
  onClose: () => void;
}

export function TaskPanel({ task, onClose }: PanelProps) {
  const project = useProject();
  const panel = useRef<HTMLElement>(null);
  const [isDeleting, setDeleting] = useState(false);
  const canEdit = project.board.canEdit.value;
  const members = [...project.board.members.value.values()];
  const creator = project.board.members.value.get(task.created_by)?.name ?? "a former member";
  const name = project.board.lastingId(task.id);

  // Before anything can be typed: a key must not go to the card that lies behind.
  useLayoutEffect(() => {
    panel.current!.focus();
    return () => project.signals.tell({ edits: null });
  }, [name]);

  const save = (fields: Partial<TaskFields>, base: Partial<TaskFields>) => project.edit(task, fields, base);
  const status = useSettled<HTMLSelectElement>(task.status, (value) => moveToEnd(value as Status));
  const assignee = useSettled<HTMLSelectElement>(task.assignee_id ?? "", (value) =>
    save({ assignee_id: value || null }, { assignee_id: task.assignee_id }),
  );
  const due = useSettled<HTMLInputElement>(task.due_on ?? "", (value) =>
    save({ due_on: value || null }, { due_on: task.due_on }),
  );
  return (
    <aside class="panel task-panel" ref={panel} tabIndex={-1} aria-label={`Task: ${task.title}`}>
      <header class="panel-head">
        <span class={`status-chip ${task.status}`}>
          <span class="dot" aria-hidden="true" />
          {STATUS_NAMES[task.status]}
        </span>
        <span class="spacer" />
        {canEdit && (
          <button type="button" class="ghost icon-only" aria-label="Delete task" onClick={() => setDeleting(true)}>
            <Icon name="trash" />
          </button>
        )}
        <button type="button" class="ghost icon-only" aria-label="Close task" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>

      <div class="panel-body">
        <Writing task={task} field="title" label="Title" maxLength={200} required canEdit={canEdit} save={save} />
        <div class="facts">
          <Fact label="Status">
            {(id) => (
              <select id={id} disabled={!canEdit} {...status}>
                {STATUSES.map((status) => (
                  <option key={status} value={status}>
                    {STATUS_NAMES[status]}
                  </option>
                ))}
              </select>
            )}
          </Fact>
          <Fact label="Assignee">
            {(id) => (
              <select id={id} disabled={!canEdit} {...assignee}>
                <option value="">Nobody</option>
                {members.map((member) => (
                  <option key={member.user_id} value={member.user_id}>
                    {member.name}
                  </option>
                ))}
                {task.assignee_id && !project.board.members.value.has(task.assignee_id) && (
                  <option value={task.assignee_id}>A former member</option>
                )}
              </select>
            )}
          </Fact>
          <Fact label="Due">
            {(id) => <input id={id} type="date" min="1900-01-01" max="9999-12-31" disabled={!canEdit} {...due} />}
          </Fact>
        </div>
        <Labels task={task} canEdit={canEdit} save={save} />
        <Writing
          task={task}
          field="description"
          label="Description"
          maxLength={10_000}
          canEdit={canEdit}
          save={save}
          placeholder={canEdit ? "What is it about? What is done when it is done?" : "No description."}
        />
        <p class="quiet small">
          Added by {creator}{" "}
          <time dateTime={task.created_at} title={moment(task.created_at)}>
            {ago(task.created_at)}
          </time>
          {task.updated_at !== task.created_at && (
            <>
              , changed{" "}
              <time dateTime={task.updated_at} title={moment(task.updated_at)}>
                {ago(task.updated_at)}
              </time>
            </>
          )}
        </p>
      </div>

      {isDeleting && (
        <Confirm
          title="Delete this task?"
          action="Delete task"
          onClose={() => setDeleting(false)}
          onConfirm={() => {
            project.delete(task.id);
            onClose();
          }}
        >
          “{task.title}” goes away for everybody. This can't be undone.
        </Confirm>
      )}
    </aside>
  );

  function moveToEnd(status: Status): void {
    const last = project.board.visible.value!.tasks.filter((other) => other.status === status);
    project.move(task.id, status, endOf(last), null);
  }
}

function endOf(tasks: Task[]): string | null {
  return (
    tasks.reduce<Task | null>((last, task) => (!last || task.position > last.position ? task : last), null)?.id ?? null
  );
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

interface WritingProps {
  task: Task;
  field: "title" | "description";
  label: string;
  maxLength: number;
  required?: boolean;
  canEdit: boolean;
  placeholder?: string;
  save: (fields: Partial<TaskFields>, base: Partial<TaskFields>) => void;
}

/**
 * A text of the task. It is saved when the writer leaves it; while they write, what others save to it waits beside the
 * draft and neither overwrites the other.
 */
function Writing({ task, field, label, maxLength, required, canEdit, placeholder, save }: WritingProps) {
  const project = useProject();
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const current = task[field] ?? "";
  const [draft, setDraft] = useState<{ text: string; base: string } | null>(null);
  const text = draft?.text ?? current;
  const isOvertaken = draft !== null && draft.base !== current && draft.text !== current;
  const name = project.board.lastingId(task.id);
  const writer = project.company.writers.value.get(task.id);
  const other = writer?.gesture.edits?.field === field ? writer : null;

  useEffect(() => setDraft(null), [name]);
  useEffect(() => {
    const { style, scrollHeight } = area.current!;
    if (CSS.supports("field-sizing", "content")) return;
    style.height = "auto";
    style.height = `${Math.max(scrollHeight, area.current!.scrollHeight)}px`;
  }, [text]);

  const begin = () => {
    setDraft({ text: current, base: current });
    project.signals.tell({ edits: { task: task.id, field } });
  };
  const keep = () => {
    project.signals.tell({ edits: null });
    if (!draft || isOvertaken) return;
    const next = field === "title" ? draft.text.replace(/\s+/g, " ").trim() : draft.text;
    setDraft(null);
    if (next === current || (required && next === "")) return;
    save({ [field]: next === "" ? null : next }, { [field]: task[field] });
  };
  const overwrite = () => {
    const next = draft!.text;
    setDraft(null);
    save({ [field]: next === "" ? null : next }, { [field]: task[field] });
  };
  return (
    <div class={`writing ${field}`}>
      <div class="writing-head">
        <label for={id}>{label}</label>
        {other && <span class={`editing ${hueOf(other.user)}`}>{other.name} is editing…</span>}
      </div>
      <textarea
        ref={area}
        id={id}
        rows={field === "title" ? 1 : 5}
        maxLength={maxLength}
        readOnly={!canEdit}
        required={required}
        dir="auto"
        placeholder={placeholder}
        value={text}
        onFocus={() => canEdit && !draft && begin()}
        onBlur={keep}
        onInput={(event) => setDraft({ text: event.currentTarget.value, base: draft?.base ?? current })}
        onKeyDown={(event) => {
          if (event.key === "Escape" && draft && draft.text !== draft.base) {
            event.preventDefault();
            setDraft({ text: current, base: current });
          } else if (
            event.key === "Enter" &&
            !event.isComposing &&
            (field === "title" || event.ctrlKey || event.metaKey)
          ) {
            event.preventDefault();
            area.current!.blur();
          }
        }}
      />
      {isOvertaken && (
        <div class="overtaken" role="alert">
          <p>Somebody saved another text while you were writing:</p>
          <blockquote dir="auto">{current || "(empty)"}</blockquote>
          <div class="row">
            <button type="button" class="plain small" onClick={() => setDraft(null)}>
              Take theirs
            </button>
            <button type="button" class="primary small" onClick={overwrite}>
              Keep mine
            </button>
          </div>
        </div>
      )}
    </div>
  );
}

interface LabelsProps {
  task: Task;
  canEdit: boolean;
  save: WritingProps["save"];
}

function Labels({ task, canEdit, save }: LabelsProps) {
  const id = useId();
  const [text, setText] = useState("");
  const change = (labels: string[]) => save({ labels }, { labels: task.labels });
  const add = () => {
    const label = text.trim();
    setText("");
    if (label && !task.labels.includes(label)) change([...task.labels, label]);
  };
  return (
    <div class="labels-field">
      <label for={canEdit ? id : undefined}>Labels</label>
      <div class="labels">
        {task.labels.map((label) => (
          <span class={`label ${hueOf(label)}`} key={label}>
            {label}
            {canEdit && (
              <button
                type="button"
                aria-label={`Remove label ${label}`}
                onClick={() => change(task.labels.filter((other) => other !== label))}
              >
                <Icon name="close" size={12} />
              </button>
            )}
          </span>
        ))}
        {canEdit && (
          <input
            id={id}
            value={text}
            maxLength={50}
            placeholder="Add a label"
            autoComplete="off"
            onInput={(event) => setText(event.currentTarget.value)}
            onBlur={add}
            onKeyDown={(event) => {
              if (event.key === "Enter" || event.key === ",") {
                event.preventDefault();
                add();
              } else if (event.key === "Backspace" && text === "" && task.labels.length > 0) {
                change(task.labels.slice(0, -1));
              }
            }}
          />
        )}
        {!canEdit && task.labels.length === 0 && <span class="quiet">None</span>}
      </div>
    </div>
  );
}
