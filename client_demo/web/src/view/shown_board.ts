/** What the board shows now, for the parts of it that act on cards. */

import type { Column, Task } from "../api/shapes";
import type { OpenProject } from "../live/open_project";
import type { Columns } from "../state/columns";
import type { Grip, Held } from "../state/grip";

export interface ShownBoard {
  project: OpenProject;
  grip: Grip;
  /** The columns from left to right. */
  order: readonly Column[];
  /** All tasks of each; `tasksOf` has those on screen. */
  columns: Columns;
  /** Columns that show only their head. */
  collapsed: readonly string[];
  held: Held | null;
  canEdit: boolean;
}

/** The tasks of a column whose cards are on screen, or would be if it were scrolled. */
export function tasksOf({ grip }: ShownBoard, column: string): readonly Task[] {
  return grip.visible.peek()[column] ?? [];
}

/** The next column to the right or left whose cards are on screen. */
export function columnBeside({ order, collapsed }: ShownBoard, column: string, step: 1 | -1): Column | undefined {
  const open = order.filter(({ id }) => id === column || !collapsed.includes(id));
  return open[open.findIndex((each) => each.id === column) + step];
}

/** The task of a card, by its lasting name. */
export function taskNamed({ project, columns }: ShownBoard, name: string): Task | undefined {
  const id = project.board.realId(name);
  for (const tasks of Object.values(columns)) {
    const found = tasks.find((task) => task.id === id || task.id === name);
    if (found) return found;
  }
  return undefined;
}
