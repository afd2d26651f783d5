/** The key that assigns the focused card, or the open task, to the person. */

import type { Task } from "../api/shapes";
import type { OpenProject } from "../live/open_project";
import * as texts from "../texts/task";
import { focusedName } from "./focused_task";
import { useShortcuts } from "./shortcuts";

/** `open` is the task whose panel is open. Pressed again, the task is nobody's. */
export function useAssignKey(project: OpenProject, open: Task | null): void {
  const assign = () => {
    const { board } = project;
    const task = board.find(focusedName()) ?? open;
    if (!task || !board.canEdit.value) return;
    const assignee_id = task.assignee_id === board.userId ? null : board.userId;
    project.edit(task, { assignee_id }, { assignee_id: task.assignee_id });
  };
  useShortcuts([{ keys: "i", description: texts.keyAssign, run: assign }]);
}
