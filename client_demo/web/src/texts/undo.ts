/** Notices of what was done, and of undoing it. */

import { tasks } from "./common";
import { listOf } from "./fields";

export const key = "Undo your last change";

// Done.
export const commentDeleted = "The comment is deleted.";
export const changed = (fields: readonly string[], title: string) => `Changed ${listOf(fields)} of “${title}”.`;
export const changedLabels = (title: string) => `Changed the labels of “${title}”.`;
export const moved = (title: string, column: string) => `Moved “${title}” to ${column}.`;
export const isInTrash = (title: string) => `“${title}” is in the trash.`;

export const manyAdded = (count: number) => `Added ${tasks(count)}.`;
export const manyMoved = (count: number, column: string) => `Moved ${tasks(count)} to ${column}.`;
export const manyTrashed = (count: number) => `Put ${tasks(count)} in the trash.`;
export const manyChanged = (count: number, fields: readonly string[]) =>
  `Changed ${listOf(fields)} of ${tasks(count)}.`;
export const manyLabelled = (count: number) => `Changed the labels of ${tasks(count)}.`;

// Undone.
export const isBack = (title: string) => `“${title}” is back.`;
export const isBackIn = (title: string, column: string) => `“${title}” is back in ${column}.`;
export const isAsItWas = (title: string) => `“${title}” is as it was.`;
export const commentBack = "The comment is back.";
export const manyUndone = (count: number) => `${count} changes are undone.`;

// Not undone.
export const theTask = "The task";
export const somebody = "somebody";
export const others = {
  changed: "changed it",
  moved: "moved it",
  deleted: "deleted it",
  restored: "restored it",
};
export const stays = (title: string, who: string, deed: string) => `“${title}” stays as it is: ${who} ${deed} since.`;
export const manyStay = (count: number) => `${count} stay: others changed them since.`;
export const cannotChange = "You can't change this project any more.";
