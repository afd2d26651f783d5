/** A task on the board. */

import { Component } from "preact";
import type { Member, Task } from "../api/shapes";
import type { Touch } from "../live/open_project";
import type { Pointer } from "../state/company";
import { Avatar, hueOf } from "./avatar";
import { due } from "./dates";
import { Icon } from "./icons";
import { at } from "./route";

interface CardProps {
  projectId: string;
  task: Task;
  /** The task's lasting name on this screen. */
  name: string;
  assignee: Member | undefined;
  isHeld: boolean;
  isWaiting: boolean;
  /** Somebody else who holds it, writes in it, or has just changed it. */
  holder: Pointer | undefined;
  writer: Pointer | undefined;
  touch: Touch | undefined;
  toucher: Member | undefined;
  /** Named here rather than passed as a function, so that a card whose task stays the same is not drawn again. */
  day: string;
}

export class Card extends Component<CardProps> {
  override shouldComponentUpdate(next: CardProps): boolean {
    const now = this.props;
    return (Object.keys(next) as (keyof CardProps)[]).some((key) => next[key] !== now[key]);
  }

  render({ projectId, task, name, assignee, isHeld, isWaiting, holder, writer, touch, toucher }: CardProps) {
    const other = holder ?? writer;
    const state = [
      "slot",
      isHeld && "held",
      holder && "elsewhere",
      (other || touch) && hueOf(other?.user ?? touch!.user),
      touch && "touched",
    ];
    const until = task.due_on && task.status !== "done" ? due(task.due_on) : null;
    const hasMeta = until || task.description || isWaiting;
    const face = assignee && (
      <>
        <span class="sr">Assigned to {assignee.name}</span>
        <Avatar id={assignee.user_id} name={assignee.name} size="small" />
      </>
    );
    return (
      <li class={state.filter(Boolean).join(" ")} data-task={name} data-id={task.id}>
        <a
          class="card"
          href={at.task(projectId, task.id)}
          tabIndex={-1}
          draggable={false}
          aria-describedby="board-keys"
        >
          <span class="line">
            <span class="title" dir="auto">
              {task.title}
            </span>
            {!hasMeta && face}
          </span>
          {task.labels.length > 0 && (
            <span class="labels">
              <span class="sr">Labels:</span>
              {task.labels.map((label) => (
                <span class={`label ${hueOf(label)}`} key={label}>
                  {label}
                </span>
              ))}
            </span>
          )}
          {hasMeta && (
            <span class="meta">
              {until && (
                <span class={`due ${until.tone}`}>
                  <Icon name="calendar" size={14} />
                  <span class="sr">Due:</span>
                  {until.text}
                </span>
              )}
              {task.description && <Icon name="lines" size={15} />}
              {isWaiting && <span class="waiting">Not sent yet</span>}
              {face}
            </span>
          )}
        </a>
        {(other || (touch && toucher)) && (
          <span class="by" aria-hidden="true">
            {other ? `${other.name} ${holder ? "is moving this" : "is editing…"}` : toucher!.name}
          </span>
        )}
      </li>
    );
  }
}
