/** A column: its head and menu, its dialogs, what stands in an empty one. */

import type { Category } from "../api/shapes";
import { plural } from "./plural";

export const categoryNames: Record<Category, string> = { todo: "To do", in_progress: "In progress", done: "Done" };
export const sortNames = { hand: "By hand", due: "By due date", title: "By title", newest: "Newest first" } as const;

// Its head.
export const expand = (name: string) => `Expand ${name}`;
export const matching = (count: number) => `${count} of `;
export const tasksWord = (count: number) => plural(count, " task", " tasks");
export const limitOf = (limit: number) => `, limit ${limit}`;
export const overLimit = "Over limit";
export const sorted = (sort: keyof typeof sortNames) => `Sorted ${sortNames[sort].toLowerCase()}`;
export const nothingMatches = "No task here matches.";
export const addFirst = "Nothing to do yet. Add the first task below.";
export const nothingIn: Record<Category, string> = {
  todo: "Nothing to do yet.",
  in_progress: "Nothing in progress.",
  done: "Nothing is done yet.",
};

// Its menu.
export const optionsOf = (name: string) => `Options of ${name}`;
export const change = "Name, colour and limit";
export const moveLeft = "Move left";
export const moveRight = "Move right";
export const selectAll = "Select all tasks";
export const deleteColumn = "Delete column";
export const order = "Order of its tasks";
export const collapse = "Collapse";
export const moved = (name: string, place: number, count: number) => `${name} is column ${place} of ${count} now.`;

// The dialog of a new or changed one.
export const addColumn = "Add column";
export const newColumn = "New column";
export const changeColumn = "Change column";
export const draftOfNewName = "Name of a new column";
export const draftOfName = (name: string) => `New name of the column “${name}”`;
export const renamedMeanwhile = (name: string) => `Meanwhile somebody renamed it to “${name}”.`;
export const countAs = "Its tasks count as";
export const limit = "Limit (optional)";
export const limitHint = "A column with more tasks than its limit is marked; more can still be put in.";
export const colour = "Colour";

// Deleting one.
export const deleteTitle = (name: string) => `Delete “${name}”?`;
export const goTo = (count: number) => plural(count, "Its task goes to", `Its ${count} tasks go to`);
export const isEmpty = "It has no tasks. It goes for everybody.";
export const staysTitle = "This column stays";
export const stays = (name: string, category: Category) =>
  `“${name}” is the only column whose tasks count as “${categoryNames[category]}”, and a board has at least one of each kind. Add another one first.`;
export const ok = "OK";
