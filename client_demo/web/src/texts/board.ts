/** The board as a whole: what its cards hear, its keys, and selecting. */

import { sortNames } from "./columns";

export const board = "Board";
export const keysOfCards = (hasLetters: boolean) =>
  `Enter opens the task. ${hasLetters ? "X selects it. " : ""}Space picks it up, arrow keys move it, Space puts it down, Escape cancels.`;
export const keysOfViewedCards = "Enter opens the task. Arrow keys go to other tasks.";

export const addTask = "Add a task";
export const addTaskWords = "new create";
export const showAsList = "Show the tasks as a list";
export const showAsBoard = "Show the tasks as a board";
export const showAsWords = "view";
export const clearFilter = "Clear the filter";

// The list of shortcuts.
export const onCard = "On a card";
export const arrowKeys = "Arrow keys";
export const goToCards = "Go to other cards";
export const goToFirst = "Go to the first card of the column";
export const goToLast = "Go to the last card of the column";
export const goToTasks = "Go to other tasks";
export const goToFirstTask = "Go to the first task";
export const goToLastTask = "Go to the last task";
export const openTask = "Open the task";
export const carryCard = "Pick the card up, carry it by arrow keys, put it down";
export const selectCard = "Select the card";
export const shiftArrow = "Shift+Arrow up or down";
export const selectNext = "Select the next card, too";
export const ofTasks = "Tasks";
export const writeTask = "Write a new task";
export const changeTitle = "Change the title";
export const moveTask = "Move the task to a column";
export const assignTask = "Assign the task";
export const labelTask = "Label the task";
export const setDueDate = "Set the due date";
export const trashTask = "Put the task in the trash";

// A card that is carried.
export const viewOnly = "You can view this board, but not change it.";
export const pickedUp = (what: string, place: string) =>
  `Picked up ${what}. ${place}. Arrow keys carry it, space puts it down.`;
export const putDown = (what: string, place: string) => `${what} put down. ${place}.`;
export const backAgain = (title: string) => `${title} is back where it was.`;
export const place = (column: string, index: number, count: number) => `${column}, ${index} of ${count}`;
export const sortedPlace = (place: string, sort: keyof typeof sortNames) =>
  `${place}, sorted ${sortNames[sort].toLowerCase()}`;
export const isSorted = (column: string, sort: keyof typeof sortNames) =>
  `“${column}” is sorted ${sortNames[sort].toLowerCase()}. To place its tasks yourself, choose “By hand” in its menu.`;

// Selecting.
export const selected = (title: string) => `${title} selected.`;
export const notSelected = (title: string) => `${title} no longer selected.`;
export const countSelected = (count: number) => (count === 0 ? "Nothing is selected" : `${count} selected`);
