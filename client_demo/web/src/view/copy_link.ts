/** The address of a task, for other people. */

import type { Task } from "../api/shapes";
import type { OpenProject } from "../live/open_project";
import * as texts from "../texts/task";
import { copy } from "./clipboard";
import { useProject } from "./context";
import { focusedName } from "./focused_task";
import { notify } from "./notice";
import { at } from "./route";
import { useShortcuts } from "./shortcuts";

/** Under whatever path the board is served: it is the page's own address with another task. */
export async function copyLink(project: OpenProject, task: Task): Promise<void> {
  if (task.version === 0) return notify(texts.notSent);
  const link = new URL(at.task(project.id, task.id), location.href).href;
  if (await copy(link)) notify(texts.linkCopied);
  else notify(texts.linkNotCopied(link), "bad");
}

/** A key for the task whose panel is open, or else whose card has the focus. */
export function useCopyLinkKey(open: Task | null): void {
  const project = useProject();
  useShortcuts([
    {
      keys: "y",
      description: texts.keyCopyLink,
      run: () => {
        const task = open ?? project.board.find(focusedName());
        if (task) void copyLink(project, task);
        else notify(texts.noneToCopy);
      },
    },
  ]);
}
