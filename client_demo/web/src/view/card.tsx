/** A task on the board. */

import { Component } from "preact";
import type { Member, Task } from "../api/shapes";
import type { Touch } from "../live/open_project";
import { progressOf } from "../state/checklist";
import type { Doer } from "../state/presence";
import * as texts from "../texts/card";
import * as common from "../texts/common";
import { Avatar, hueOf } from "./avatar";
import { due } from "./dates";
import { Icon } from "./icons";
import { Label } from "./label";
import { at } from "./route";
import { numberOf } from "./task_name";

interface CardProps {
  projectId: string;
  projectKey: string;
  task: Task;
  /** The task's lasting name on this screen. */
  name: string;
  assignee: Member | undefined;
  /** The colours of its labels, in their order. */
  tints: string;
  isHeld: boolean;
  isSelected: boolean;
  isWaiting: boolean;
  /** Another person who carries it, edits it, or has just changed it. */
  holder: Doer | undefined;
  writer: Doer | undefined;
  touch: Touch | undefined;
  toucher: Member | undefined;
  /** Today. A new value redraws the card, for its due date. */
  day: string;
}

export class Card extends Component<CardProps> {
  override shouldComponentUpdate(next: CardProps): boolean {
    const now = this.props;
    return (Object.keys(next) as (keyof CardProps)[]).some((key) => next[key] !== now[key]);
  }

  render({
    projectId,
    projectKey,
    task,
    name,
    assignee,
    tints,
    isHeld,
    isSelected,
    isWaiting,
    holder,
    writer,
    touch,
    toucher,
  }: CardProps) {
    const other = holder ?? writer;
    const state = [
      "slot",
      isHeld && "held",
      isSelected && "selected",
      holder && "elsewhere",
      (other || touch) && hueOf(other?.user ?? touch!.user),
      touch && "touched",
      (other || toucher) && "named",
    ];
    const until = task.due_on && task.status !== "done" ? due(task.due_on) : null;
    const comments = task.comment_count ?? 0;
    const checks = progressOf(task.description);
    const number = numberOf(projectKey, task);
    const colours = tints.split(" ");
    const hasMeta = number || until || task.description || comments > 0 || isWaiting;
    const face = assignee && (
      <>
        <span class="sr">{texts.assignedTo(assignee.name)}</span>
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
            {isSelected && (
              <span class="tick">
                <Icon name="check" size={13} />
                <span class="sr">{texts.selected}</span>
              </span>
            )}
            <span class="title" dir="auto">
              {task.title}
            </span>
            {!hasMeta && face}
          </span>
          {task.labels.length > 0 && (
            <span class="labels">
              <span class="sr">{texts.labels}</span>
              {task.labels.map((label, index) => (
                <Label key={label} name={label} color={colours[index]} />
              ))}
            </span>
          )}
          {hasMeta && (
            <span class="meta">
              {number && <span class="number">{number}</span>}
              {until && (
                <span class={`due ${until.tone}`}>
                  <Icon name="calendar" size={14} />
                  <span class="sr">{texts.due}</span>
                  {until.text}
                </span>
              )}
              {checks && (
                <span class={checks.done === checks.total ? "checks complete" : "checks"}>
                  <Icon name="check" size={14} />
                  {checks.done}/{checks.total}
                  <span class="sr"> {texts.ofChecks}</span>
                </span>
              )}
              {task.description && !checks && <Icon name="lines" size={15} />}
              {comments > 0 && (
                <span class="comments">
                  <Icon name="speech" size={14} />
                  {comments}
                  <span class="sr"> {texts.comments(comments)}</span>
                </span>
              )}
              {isWaiting && <span class="waiting">{common.notSentYet}</span>}
              {face}
            </span>
          )}
        </a>
        {(other || (touch && toucher)) && (
          <span class="by" aria-hidden="true">
            {other ? (holder ? texts.isMoving(other.name) : common.isEditing(other.name)) : toucher!.name}
          </span>
        )}
      </li>
    );
  }
}
