/** The strip above the tasks. */

import { plural } from "./plural";

export const label = "Which tasks are shown";
export const shortcut = "Search this board";
export const searchTasks = "Search these tasks";
export const search = "Search";
export const filter = "Filter";

export const mine = "Mine";
export const assignee = "Assignee";
export const labelChoice = "Label";
export const due = "Due";
export const dueNames = { overdue: "Overdue", today: "Today", week: "This week", none: "No date" } as const;
export const column = "Column";
export const isGone = (choice: string) => `${choice}: not here any more`;

export const noMatch = "No task matches";
export const found = (count: number, all: number) => `${count} of ${plural(all, "1 task", `${all} tasks`)}`;
export const clear = "Clear";

export const view = "View";
export const board = "Board";
export const list = "List";
