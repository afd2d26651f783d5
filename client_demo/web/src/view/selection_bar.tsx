/** The row below the board while cards are selected: how many, and what can be done to all of them. */

import { useRef } from "preact/hooks";
import type { TaskDeed } from "../live/open_project";
import { movesTo } from "../state/bulk_moves";
import { byPosition, tasksIn } from "../state/columns";
import type { Grip } from "../state/grip";
import * as boardTexts from "../texts/board";
import * as texts from "../texts/selection_bar";
import { AssigneeMenu, ColumnMenu, DueMenu, LabelsMenu } from "./bulk_menus";
import { useProject } from "./context";
import { Icon } from "./icons";
import { say } from "./notice";
import { slotOf, type TaskPlaces } from "./open_task";
import { toldKeys } from "./shortcuts";

interface SelectionBarProps {
  grip: Grip;
  places: { current: TaskPlaces | null };
  onClose: () => void;
}

export function SelectionBar({ grip, places, onClose }: SelectionBarProps) {
  const project = useProject();
  const { selection, board } = project;
  const bar = useRef<HTMLElement>(null);
  const tasks = selection.tasks.value;
  const isAny = tasks.length > 0;
  const change = (deeds: readonly TaskDeed[]) => {
    project.changeAll(deeds);
    if (deeds.length === 0) say(texts.nothingToChange);
  };
  const move = (column: string) => {
    const goal = board.visible.value!.columns.find((each) => each.id === column)!;
    const others = tasks.filter((task) => task.column_id !== column);
    const there = tasksIn(board.visible.value!.tasks, column);
    const deed = { kind: "move", column, status: goal.category } as const;
    change(movesTo(others, there, there.length).map(({ task, ...place }) => ({ task, deed: { ...deed, ...place } })));
  };
  const edit = (field: "assignee_id" | "due_on", value: string | null) =>
    change(
      tasks
        .filter((task) => task[field] !== value)
        .map((task) => ({
          task: task.id,
          deed: { kind: "edit", fields: { [field]: value }, base: { [field]: task[field] }, version: task.version },
        })),
    );
  const label = (name: string, isWanted: boolean) =>
    change(
      tasks
        .filter((task) => task.labels.includes(name) !== isWanted)
        .map(({ id }) => ({
          task: id,
          deed: { kind: "labels", add: isWanted ? [name] : [], remove: isWanted ? [] : [name] },
        })),
    );
  /** The bar goes away with the focus in it, which then goes to the place of the first card. */
  const leave = (act: () => void) => {
    const [first] = tasks;
    const place = first && slotOf(grip, first);
    const hadFocus =
      bar.current?.contains(document.activeElement) || document.activeElement?.closest("[data-task].selected");
    act();
    if (place && hadFocus) requestAnimationFrame(() => places.current?.focusNear(place, board.lastingId(first.id)));
  };
  const remove = () => leave(() => change(tasks.map((task) => ({ task: task.id, deed: { kind: "delete" } }))));
  const clear = () => {
    const menu = document.querySelector<HTMLElement>(".bulk-menu:popover-open");
    if (menu) {
      menu.hidePopover(); // its own keys don't hear an Escape when the focus is elsewhere
      return;
    }
    leave(onClose);
    say(`${boardTexts.countSelected(0)}.`);
  };
  return (
    <section class="selection-bar" aria-label={texts.label} ref={bar}>
      {isAny && (
        <>
          <b class="selection-count">{boardTexts.countSelected(tasks.length)}</b>
          <ColumnMenu columns={board.visible.value!.columns.toSorted(byPosition)} onChoose={move} />
          <AssigneeMenu
            members={[...board.members.value.values()]}
            self={board.userId}
            onChoose={(id) => edit("assignee_id", id)}
          />
          <LabelsMenu tasks={tasks} project={board.visible.value!} onChoose={label} />
          <DueMenu onChoose={(day) => edit("due_on", day)} />
          <button
            type="button"
            class="ghost"
            title={texts.trash}
            data-does="delete"
            {...toldKeys("Delete")}
            onClick={remove}
          >
            <Icon name="trash" />
            <span class="bar-word">{texts.trash}</span>
          </button>
        </>
      )}
      <Progress />
      {isAny && (
        <button
          type="button"
          class="ghost icon-only"
          aria-label={texts.clear}
          title={texts.clear}
          data-does="clear"
          onClick={clear}
        >
          <Icon name="close" />
        </button>
      )}
    </section>
  );
}

/** Subscribes by itself: a bulk change is answered many times. */
function Progress() {
  const bulk = useProject().bulk.value;
  if (!bulk) return <span class="spacer" />;
  return (
    <label class="bulk-progress">
      <span>{texts.saved(bulk.done, bulk.total)}</span>
      <progress value={bulk.done} max={bulk.total} />
    </label>
  );
}
