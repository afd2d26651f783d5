/** Selecting rows of the list, by their boxes, by click with a key held, and by keyboard. */

import { computed, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect } from "preact/hooks";
import type { Task } from "../api/shapes";
import { useProject } from "./context";
import { taskNameAt } from "./focused_task";
import { extendSelection, toggleSelected } from "./selecting";

const ROWS = "rows";

interface ListSelection {
  /** The lasting names of selected rows; null for people who may change nothing. */
  selected: ReadonlySet<string> | null;
  /** Whether all are selected, or at least one. */
  extent: "all" | "some" | "none";
  toggleAll: () => void;
  /** For the clicks in the rows. Without a key held, one beside the box opens the task. */
  click: (event: MouseEvent) => void;
  /** Select the row of this element and the next one, which has the focus already. */
  extend: (from: Element, to: Element) => void;
}

/** `tasks` are those that the list has, in its order. */
export function useListSelection(tasks: readonly Task[]): ListSelection {
  const project = useProject();
  const { board, selection } = project;
  const rows = useSignal(tasks);
  useLayoutEffect(() => {
    rows.value = tasks;
  }, [tasks]);
  useEffect(
    () =>
      selection.show(
        computed(() => (board.canEdit.value ? { order: [ROWS], columns: { [ROWS]: [...rows.value] } } : NOTHING)),
      ),
    [selection],
  );
  const count = selection.size;
  return {
    selected: board.canEdit.value ? selection.names.value : null,
    extent: count === 0 ? "none" : count === tasks.length ? "all" : "some",
    toggleAll: () => (count === tasks.length ? selection.clear() : selection.addColumn(ROWS)),
    click: (event) => {
      const target = event.target as Element;
      const name = taskNameAt(target);
      const isBox = target.matches("input");
      const isWithKey = event.shiftKey || event.ctrlKey || event.metaKey;
      if (!name || !board.canEdit.value || !(isBox || isWithKey) || target.matches("label")) return;
      if (event.shiftKey && !selection.has(name)) extendSelection(project, name);
      else toggleSelected(project, name);
      if (!isBox) event.preventDefault(); // doesn't open
    },
    extend: (from, to) => {
      const [first, next] = [taskNameAt(from)!, taskNameAt(to)!];
      if (!board.canEdit.value) return;
      if (!selection.has(first)) toggleSelected(project, first);
      extendSelection(project, next);
    },
  };
}

const NOTHING = { order: [], columns: {} };
