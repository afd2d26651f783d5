/** Selecting cards, and what is said of it. */

import type { OpenProject } from "../live/open_project";
import * as texts from "../texts/board";
import { notify, say } from "./notice";

/** Select the card of that lasting name, or no longer. */
export function toggleSelected(project: OpenProject, name: string): void {
  if (!mayChange(project)) return;
  const { board, selection } = project;
  selection.toggle(name);
  const title = board.find(name)?.title ?? "";
  say(
    `${selection.has(name) ? texts.selected(title) : texts.notSelected(title)} ${texts.countSelected(selection.size)}.`,
  );
}

/** Select all cards from the one that was selected last to this one. */
export function extendSelection(project: OpenProject, name: string): void {
  if (!mayChange(project)) return;
  document.getSelection()?.removeAllRanges(); // browsers select the text between, too
  project.selection.extend(name);
  say(`${texts.countSelected(project.selection.size)}.`);
}

function mayChange({ board }: OpenProject): boolean {
  if (!board.canEdit.value) notify(texts.viewOnly);
  return board.canEdit.value;
}
