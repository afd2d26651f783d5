/** The dialog of a project's labels. */

import { plural } from "./plural";

export const title = "Labels";
export const none = "No labels yet. They come with the tasks that get them, or from here.";
export const uses = (count: number) => (count === 0 ? "No tasks" : plural(count, "1 task", `${count} tasks`));
export const editorsOnly = "Only people who can edit this project change its labels.";

export const newLabel = "New label";
export const draftOfName = (name: string) => `New name of the label “${name}”`;
export const add = "Add label";
export const colour = "Colour";
export const changeIt = (name: string) => `Change ${name}`;
export const change = "Name and colour";

export const deleteIt = (name: string) => `Delete ${name}`;
export const deleteShort = "Delete";
export const deleteQuestion = (name: string) => `Delete “${name}”?`;
export const deleteLabel = "Delete label";
export const loss = (count: number) =>
  count === 0
    ? "No task has it. It goes for everybody."
    : plural(count, "1 task has it, and loses it for everybody.", `${count} tasks have it, and lose it for everybody.`);
