/** One column of the board: its cards, and a field to add one. */

import { useMemo } from "preact/hooks";
import type { Column as ColumnState, Member, Task } from "../api/shapes";
import type { Grip, Held } from "../state/grip";
import * as texts from "../texts/columns";
import { Card } from "./card";
import { ColumnHead } from "./column_head";
import { useIsOutside } from "./connection";
import { useProject } from "./context";
import { useGrowing } from "./growing";
import { tintsOf, useLabelColours } from "./label";
import { QuickAdd } from "./quick_add";

interface ColumnProps {
  column: ColumnState;
  /** All columns, from left to right. */
  order: readonly ColumnState[];
  /** Where it is shown among them while one is carried. */
  place: number | undefined;
  isCarried: boolean;
  /** All of its tasks; some of their cards may be hidden. */
  tasks: readonly Task[];
  grip: Grip;
  isCollapsed: boolean;
  held: Held | null;
  /** The lasting names of selected cards. */
  selected: ReadonlySet<string>;
  members: ReadonlyMap<string, Member>;
  canEdit: boolean;
  day: string;
  /** More of its cards are drawn. */
  onGrow: () => void;
}

export function Column(props: ColumnProps) {
  const { column, order, place, isCarried, tasks, grip, isCollapsed, canEdit, day } = props;
  const cards = useCards(props);
  const state = [isCarried && "carried", isCollapsed && "collapsed"].filter(Boolean).join(" ");
  return (
    <section
      class={`column ${column.category} ${state}`}
      style={{ order: place }}
      data-id={column.id}
      aria-labelledby={`column-${column.id}`}
    >
      <ColumnHead
        column={column}
        order={order}
        count={tasks.length}
        grip={grip}
        isCollapsed={isCollapsed}
        canEdit={canEdit}
      />
      {cards}
      {!isCollapsed && <Emptiness column={column} count={tasks.length} grip={grip} canEdit={canEdit} />}
      {!isCollapsed && canEdit && <QuickAdd column={column} tasks={tasks} day={day} />}
    </section>
  );
}

/** Its list of cards, compared with those on screen only if one of them may have changed: it may have thousands. */
function useCards({ column, tasks, held, selected, members, day, onGrow }: ColumnProps) {
  const project = useProject();
  const holders = project.presence.holders.value;
  const writers = project.presence.writers.value;
  const touches = project.touches.value;
  const projectKey = project.board.visible.value!.project.key;
  const colours = useLabelColours();
  const drawn = useGrowing(tasks.length, onGrow);
  const unsent = useIsOutside() ? project.board.unsent.value : null;
  const carried = held?.task.id;
  return useMemo(
    () => (
      <ol class="cards" data-column={column.id} role="list">
        {tasks.slice(0, drawn).map((task) => {
          const name = project.board.lastingId(task.id);
          const touch = touches.get(task.id);
          return (
            <Card
              key={name}
              name={name}
              projectId={project.id}
              projectKey={projectKey}
              task={task}
              tints={tintsOf(task.labels, colours)}
              assignee={task.assignee_id ? members.get(task.assignee_id) : undefined}
              isHeld={carried === task.id}
              isSelected={selected.has(name)}
              isWaiting={unsent?.has(name) ?? false}
              holder={holders.get(task.id)}
              writer={writers.get(task.id)}
              touch={touch}
              toucher={touch && members.get(touch.user)}
              day={day}
            />
          );
        })}
      </ol>
    ),
    [column.id, tasks, drawn, projectKey, colours, members, carried, selected, unsent, holders, writers, touches, day],
  );
}

interface EmptinessProps {
  column: ColumnState;
  count: number;
  grip: Grip;
  canEdit: boolean;
}

/** Subscribes by itself: the cards are not compared again for each letter of a filter. */
function Emptiness({ column, count, grip, canEdit }: EmptinessProps) {
  if (grip.visible.value[column.id]?.length) return null;
  return <p class="column-empty">{count > 0 ? texts.nothingMatches : emptyWords(column, canEdit)}</p>;
}

function emptyWords({ category }: ColumnState, canEdit: boolean): string {
  return category === "todo" && canEdit ? texts.addFirst : texts.nothingIn[category];
}
