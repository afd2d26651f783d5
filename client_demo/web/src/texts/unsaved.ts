/** What is not saved: drafts, waiting changes, refused ones, and two texts for one field. */

import { listOf, nameFirst, nameOf } from "./fields";
import { plural } from "./plural";

// The list.
export const title = "Not saved yet";
export const nothing = "Everything you wrote is saved.";
export const waiting = "Waiting to be sent";
export const drafts = "Drafts";
export const empty = "(empty)";
export const refused = (reason: string) => `Not saved: ${reason}`;
export const open = "Open";
export const notSavedHere = "What you wrote here and did not save";
export const onlyYou = "It is kept on this device, and only you are shown it.";

/** "3 changes wait to be sent. 1 draft is not saved." Empty when nothing is unsaved. */
export function summary(changes: number, drafts: number): string {
  const words: string[] = [];
  if (changes > 0) words.push(plural(changes, "1 change waits to be sent.", `${changes} changes wait to be sent.`));
  if (drafts > 0) words.push(plural(drafts, "1 draft is not saved.", `${drafts} drafts are not saved.`));
  return words.join(" ");
}

// Changes and drafts by their kind.
export const newTask = (column: string) => `New task in ${column}`;
export const newFields = (fields: readonly string[]) => `New ${fields.map(nameOf).join(", ")} of a task`;
export const fieldOfTask = (field: string) => `${nameFirst(field)} of a task`;
export const titleOf = (title: string) => `Title of “${title}”`;
export const labels = "Labels of a task";
export const label = "Label for a task";
export const move = (column: string) => `Move of a task to ${column}`;
export const deletion = "Deletion of a task";
export const restoring = "Restoring a task";
export const newerChange = "A change of a newer version of this page";
export const comment = {
  add: "Comment on a task",
  edit: "New text of a comment",
  resolve: "State of a thread",
  react: "Reaction to a comment",
  delete: "Deletion of a comment",
  restore: "Restoring a comment",
};

// Refused by the server.
export const notAdded = (title: string) => `“${title}” was not added.`;
export const notDone = {
  edit: "Your edit was not saved.",
  labels: "Your labels were not saved.",
  move: "The card was moved back.",
  delete: "The task was not deleted.",
  restore: "The task was not restored.",
};
export const commentNotDone = {
  add: "Your comment was not sent.",
  edit: "Your comment was not changed.",
  resolve: "The thread was not changed.",
  react: "Your reaction was undone.",
  delete: "The comment was not deleted.",
  restore: "The comment was not restored.",
};
const ofTasks = (count: number) => plural(count, "1 of the tasks was", `${count} of the tasks were`);
export const someNotAdded = (count: number) => `${ofTasks(count)} not added.`;
export const someNotChanged = (count: number) => `${ofTasks(count)} not changed.`;
export const fieldsChangedFirst = (fields: readonly string[]) => `Somebody changed ${listOf(fields)} first.`;
export const isKept = "What you wrote is kept.";
export const seeMenu = "What you wrote is kept: see “Not saved yet” in the menu.";

// Two texts for one field.
export const bothWritten = "Somebody saved a different text while you were writing:";
export const fieldNotSaved = (field: string, reason: string) => `Your ${field} was not saved. ${reason}`;
export const cannotChange = (field: string) =>
  `You can't change the ${field} any more. What you wrote is kept on this device.`;
export const theirs = "Theirs";
export const yours = "Yours";
export const copyMine = "Copy mine";
export const useTheirs = "Use theirs";
export const discardMine = "Discard mine";
export const takeBoth = "Take both";
export const keepMine = "Keep mine";
export const saveNow = "Save it now";
export const yoursSaved = "Yours is saved. The activity shows what it replaced.";

// Leaving.
export const signOutQuestion = "Sign out now?";
export const staysHere =
  "All of it stays on this device, for you alone. When you sign in here again, changes are sent and drafts are where you left them.";
export const isLost = "This browser can't keep any of it: it is lost when you sign out.";
export const stay = "Stay";
export const deleteThem = "Delete them";
export const keptUntil =
  "What you had not saved stays on this device until you sign in again. Nobody else is shown it.";
