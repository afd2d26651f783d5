/** One status of the board: its cards, and a line to add one. */

import { useRef, useState } from "preact/hooks";
import { type Member, STATUS_NAMES, type Status, type Task } from "../api/shapes";
import type { Held } from "../state/grip";
import { Card } from "./card";
import { useProject } from "./context";
import { Icon } from "./icons";

interface ColumnProps {
  status: Status;
  tasks: readonly Task[];
  held: Held | null;
  members: ReadonlyMap<string, Member>;
  canEdit: boolean;
  day: string;
}

export function Column({ status, tasks, held, members, canEdit, day }: ColumnProps) {
  const project = useProject();
  const holders = project.company.holders.value;
  const writers = project.company.writers.value;
  const touches = project.touches.value;
  const isOutside = project.outbox.isBlocked.value;
  return (
    <section class={`column ${status}`} aria-labelledby={`column-${status}`}>
      <h2 class="column-head" id={`column-${status}`}>
        <span class="dot" aria-hidden="true" />
        {STATUS_NAMES[status]}
        <span class="count">
          {tasks.length}
          <span class="sr">{tasks.length === 1 ? " task" : " tasks"}</span>
        </span>
      </h2>
      <ol class="cards" data-status={status} role="list">
        {tasks.map((task) => {
          const name = project.board.lastingId(task.id);
          const touch = touches.get(task.id);
          return (
            <Card
              key={name}
              name={name}
              projectId={project.id}
              task={task}
              assignee={task.assignee_id ? members.get(task.assignee_id) : undefined}
              isHeld={held?.task.id === task.id}
              isWaiting={isOutside && task.version === 0}
              holder={holders.get(task.id)}
              writer={writers.get(task.id)}
              touch={touch}
              toucher={touch && members.get(touch.user)}
              day={day}
            />
          );
        })}
      </ol>
      {tasks.length === 0 && <p class="column-empty">{emptyWords(status, canEdit)}</p>}
      {canEdit && <QuickAdd status={status} />}
    </section>
  );
}

function emptyWords(status: Status, canEdit: boolean): string {
  if (status === "todo") return canEdit ? "Nothing to do yet. Write the first task below." : "Nothing to do yet.";
  if (status === "in_progress") return "Nobody is working on anything.";
  return "Nothing is done yet.";
}

function QuickAdd({ status }: { status: Status }) {
  const project = useProject();
  const [title, setTitle] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const add = (event: Event) => {
    event.preventDefault();
    const text = title.trim();
    if (text === "") return field.current?.focus();
    project.create(text, status);
    setTitle("");
    const list = field.current?.closest(".column")?.querySelector(".cards");
    requestAnimationFrame(() => list?.scrollTo({ top: list.scrollHeight }));
  };
  return (
    <form class="quick-add" onSubmit={add}>
      <input
        ref={field}
        aria-label={`New task in ${STATUS_NAMES[status]}`}
        placeholder="Add a task"
        maxLength={200}
        value={title}
        onInput={(event) => setTitle(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault(); // it leaves the field, and closes nothing else
          setTitle("");
          field.current?.blur();
        }}
        enterkeyhint="done"
        autoComplete="off"
      />
      <button type="submit" class="ghost icon-only" aria-label={`Add to ${STATUS_NAMES[status]}`}>
        <Icon name="plus" />
      </button>
    </form>
  );
}
