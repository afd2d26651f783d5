/** The task whose panel is open beside the board, by its address. */

import { useEffect, useRef } from "preact/hooks";
import type { Task } from "../api/shapes";
import type { Grip, Slot } from "../state/grip";
import * as texts from "../texts/task";
import * as unsaved from "../texts/unsaved";
import { useProject, useUnsaved } from "./context";
import type { Finding } from "./finding";
import { notify } from "./notice";
import type { ProjectRoute } from "./route";

/** What shows the tasks, and takes the focus back when a panel is closed. */
export interface TaskPlaces {
  /** Put the focus on the task of that lasting name, or else near the place. */
  focusNear(place: Slot, name: string): void;
}

export interface OpenTask {
  task: Task | null;
  /** Close its panel; the focus goes to its place on the board. */
  leave: () => void;
}

export function useOpenTask(
  where: ProjectRoute,
  finding: Finding,
  grip: Grip,
  places: { current: TaskPlaces | null },
): OpenTask {
  const name = where.shows === "board" ? where.task : null;
  const { board } = useProject();
  const { drafts } = useUnsaved();
  const task = board.find(name);
  const wasOpen = useRef<string | null>(null);
  const last = useRef<{ place: Slot; name: string } | null>(null);
  const note = () => {
    if (task) last.current = { place: slotOf(grip, task), name: board.lastingId(task.id) };
  };
  note();

  // Close the panel of a task that was deleted or never existed.
  useEffect(() => {
    if (task) wasOpen.current = task.id;
    else if (name) {
      const isWritten = drafts.all.peek().some((draft) => draft.task === board.realId(name));
      if (wasOpen.current) notify(isWritten ? `${texts.wasDeleted} ${unsaved.seeMenu}` : texts.wasDeleted);
      else notify(texts.isMissing, "bad");
      leave();
    } else wasOpen.current = null;
  }, [task?.id, name]);

  // A new task opens under this window's own name for it; the server's name makes its address work for others.
  useEffect(() => {
    if (task && task.id !== name) finding.goTo(task.id, { replace: true });
  }, [task?.id, name]);

  // In place of the task's address: Back leads to where the person was before it.
  const leave = () => {
    note();
    finding.goTo(null, { replace: true });
    requestAnimationFrame(() => last.current && places.current?.focusNear(last.current.place, last.current.name));
  };
  return { task, leave };
}

/** Its place among the cards on screen, or the one where it was before it was filtered out. */
export function slotOf(grip: Grip, { id, column_id }: Task): Slot {
  const visible = grip.visible.peek()[column_id] ?? [];
  const index = visible.findIndex((each) => each.id === id);
  if (index >= 0) return { column: column_id, index };
  const all = grip.shown.peek()[column_id] ?? [];
  const above = new Set(
    all.slice(
      0,
      all.findIndex((each) => each.id === id),
    ),
  );
  return { column: column_id, index: visible.filter((each) => above.has(each)).length };
}
