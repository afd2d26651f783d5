/** The bar for selected tasks, with its menus. */

export const label = "Selected tasks";

export const moveTo = "Move to";
export const moveToColumn = "Move to a column";
export const assign = "Assign";
export const assignTo = "Assign to";
export const labels = "Labels";
export const addLabel = "Add a label";
export const someHaveIt = "some";
export const dueDate = "Due date";
export const dayExamples = "Today, friday, 24 Dec";
export const today = "Today";
export const tomorrow = "Tomorrow";
export const inAWeek = "In a week";
export const noDate = "No date";
export const anotherDay = "Another day";
export const setDay = "Set";
export const trash = "Delete";
export const clear = "Clear selection";
export const saved = (done: number, total: number) => `${done} of ${total} saved`;
export const nothingToChange = "Nothing to change.";

// The list of shortcuts.
export const withSelected = "With cards selected";
export const keyMove = "Move them to a column";
export const keyAssign = "Assign them";
export const keyLabels = "Change their labels";
export const keyDue = "Set their due date";
export const keyTrash = "Put them in the trash";
export const keyClear = "Select nothing";
