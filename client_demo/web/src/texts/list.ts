/** The tasks as a list. */

export const number = "Number";
export const title = "Title";
export const column = "Column";
export const assignee = "Assignee";
export const due = "Due";
export const labels = "Labels";
export const selectAll = "Select all";
export const select = (title: string) => `Select “${title}”`;
export const tasks = "Tasks";

export const sort = "Sort";
export const asOnBoard = "As on the board";
export const fromEnd = (name: string) => `${name}, from the end`;
export const showMore = (count: number) => `Show more of ${count}`;

export const noTask = "No task yet";
export const addFirst = "Add the first one on the board.";
export const noMatch = "No task matches";
export const tryOther = "Try fewer words, or another choice above.";
export const clear = "Clear";
