/** The field for new tasks at the end of a column. */

import { plural } from "./plural";

export const newTask = (column: string) => `New task in ${column}`;
export const placeholder = "Add a task";
export const addTo = (column: string) => `Add to ${column}`;
export const atTop = "At the top";
export const example = "#label @person friday";

// What is made of the lines.
export const recognised = "What is recognised";
export const keepWords = (words: string) => `Keep “${words}” as text`;
export const keep = "Keep as text";
export const heard = {
  label: (name: string) => `Label ${name}`,
  person: (name: string) => `Assigned to ${name}`,
  due: (day: string) => `Due ${day}`,
};

// Too much at once.
export const tooMany = (lines: number, most: number) => `${lines} lines: at most ${most} tasks can be added at once.`;
export const tooLong = (titles: number, longest: number) =>
  `${plural(titles, "A title is", `${titles} titles are`)} longer than ${longest} characters.`;
export const notAdded = (reason: string) => `Not added: ${reason}`;
export const addQuestion = (lines: number) => `Add ${lines} tasks?`;
export const eachLine = (column: string) => `Each line becomes a task in ${column}.`;
export const addAll = (lines: number) => `Add ${lines} tasks`;
