/** A task in the list. */

import { Component } from "preact";
import type { Column, Member, Task } from "../api/shapes";
import * as texts from "../texts/list";
import { Avatar } from "./avatar";
import { colourOf } from "./colours";
import { dayOf, due } from "./dates";
import { Label } from "./label";
import { at } from "./route";
import { numberOf } from "./task_name";

interface ListRowProps {
  projectId: string;
  projectKey: string;
  task: Task;
  /** The task's lasting name on this screen. */
  name: string;
  column: Column | undefined;
  assignee: Member | undefined;
  /** Undefined if it can't be selected. */
  isSelected: boolean | undefined;
  /** The colours of its labels, in their order. */
  tints: string;
  /** Today. A new value redraws the row, for its due date. */
  day: string;
}

export class ListRow extends Component<ListRowProps> {
  override shouldComponentUpdate(next: ListRowProps): boolean {
    const now = this.props;
    return (Object.keys(next) as (keyof ListRowProps)[]).some((key) => next[key] !== now[key]);
  }

  render({ projectId, projectKey, task, name, column, assignee, isSelected, tints }: ListRowProps) {
    const number = numberOf(projectKey, task);
    const dueWords = task.due_on && <DueDay day={task.due_on} isDone={task.status === "done"} />;
    const where = (
      <span class={`list-where ${task.status}`}>
        <span class="dot" style={colourOf(column?.color ?? null, task.status)} aria-hidden="true" />
        <span class="column-name">{column?.name}</span>
      </span>
    );
    return (
      <tr data-task={name} class={isSelected ? "selected" : undefined}>
        {isSelected !== undefined && (
          <td class="list-tick">
            <label>
              <input type="checkbox" tabIndex={-1} checked={isSelected} aria-label={texts.select(task.title)} />
            </label>
          </td>
        )}
        <td class="list-number number">{number}</td>
        <td class="list-title">
          <a class="list-link" href={at.task(projectId, task.id)} tabIndex={-1} dir="auto">
            {task.title}
          </a>
          {/* The same again, for screens without room for the other cells. */}
          <span class="list-more">
            {number && <span class="number">{number}</span>}
            {where}
            {assignee && <span dir="auto">{assignee.name}</span>}
            {dueWords}
            <Labels of={task.labels} tints={tints} />
          </span>
        </td>
        <td class="list-column">{where}</td>
        <td class="list-assignee">
          {assignee && (
            <span class="list-person">
              <Avatar id={assignee.user_id} name={assignee.name} size="small" />
              <span dir="auto">{assignee.name}</span>
            </span>
          )}
        </td>
        <td class="list-due">{dueWords}</td>
        <td class="list-labels">
          <Labels of={task.labels} tints={tints} />
        </td>
      </tr>
    );
  }
}

/** A done task isn't due any more; its day is still told. */
function DueDay({ day, isDone }: { day: string; isDone: boolean }) {
  if (isDone) return <span class="due">{dayOf(day)}</span>;
  const { tone, text } = due(day);
  return <span class={`due ${tone}`}>{text}</span>;
}

function Labels({ of: labels, tints }: { of: readonly string[]; tints: string }) {
  if (labels.length === 0) return null;
  const colours = tints.split(" ");
  return (
    <span class="labels">
      {labels.map((label, index) => (
        <Label key={label} name={label} color={colours[index]} />
      ))}
    </span>
  );
}
