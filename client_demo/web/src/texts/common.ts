/** What several screens say. */

import { plural } from "./plural";

const LIST = new Intl.ListFormat("en");

export const appName = "Roomful";
export const pageTitle = (name: string) => `${name} · Roomful`;

export const cancel = "Cancel";
export const close = "Close";
export const copy = "Copy";
export const discard = "Discard";
export const goToProjects = "Go to your projects";
export const rename = "Rename";
export const restore = "Restore";
export const save = "Save";
export const showEarlier = "Show earlier";
export const signOut = "Sign out";
export const tryAgain = "Try again";
export const undo = "Undo";

export const nobody = "Nobody";
export const somebody = "Somebody";
export const you = "You";
/** Within a sentence. */
export const formerMember = "a former member";
/** Alone, or at the beginning. */
export const aFormerMember = "A former member";
export const alsoHere = "Also here";
export const more = (names: string) => `more: ${names}`;
export const list = (names: Iterable<string>) => LIST.format(names);

export const title = "Title";
export const name = "Name";
export const description = "Description";
export const tasks = (count: number) => plural(count, "1 task", `${count} tasks`);

export const choices = (count: number) => plural(count, "1 choice", `${count} choices`);
export const loading = "Loading";
export const notSentYet = "Not sent yet";
export const isEditing = (name: string) => `${name} is editing…`;
export const notFound = "Page not found";
export const nothingHere = "There is nothing at this address.";
export const goToApp = "Go to Roomful";
export const notLoaded =
  "This could not be loaded. The server can't be reached, or has a new version: reload the page.";

// A dialog with something unsaved in it, and a draft in the list of them.
export const draftIn = (draft: string, project: string) => `${draft} in ${project}`;
export const keepQuestion = "Keep what you wrote?";
export const keepHint = "It isn't saved yet. As a draft it stays on this device, and is here again the next time.";
export const keepDraft = "Keep as draft";

export const changedFirst = "Somebody changed it first.";
export const dismiss = "Dismiss";
export const nothingToUndo = "There is nothing to undo.";
export const signedOut = "You are signed out.";
export const nothingFound = "Nothing found.";
export const somethingWentWrong = "Something went wrong.";
export const unreachable = "The server can't be reached.";
export const answered = (status: number) => `The server answered ${status}.`;
export const tryIn = (message: string, seconds: number) => `${message} Try again in ${wait(seconds)}.`;
export const trySoon = (message: string) => `${message} Try again in a moment.`;
export const tooLate = "Its first try was too long ago to repeat it. It may be there already.";

export const copied = "Copied.";
export const notCopied = "The browser did not allow it. Select the text and copy it.";

function wait(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  const hours = Math.ceil(seconds / 3600);
  if (minutes < 3) return `${seconds} s`;
  return minutes < 100 ? `${minutes} minutes` : `${hours} hours`;
}
