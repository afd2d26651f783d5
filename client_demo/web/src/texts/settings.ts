/** The settings of a project, but for the import. */

import { list } from "./common";
import { plural } from "./plural";

export const title = "Settings";
export const notifications = "Notifications";
export const isArchived = "An archived project can't be changed.";
export const restoreFirst = "An archived project can't be changed: restore it first.";
export const viewersCannot = "Viewers can't change this.";
export const asItWas = "The project is as it was.";
export const changedSince = "Somebody has changed the project since: it stays as it is.";

// Name, description and key.
export const about = "About this project";
export const key = "Key";
export const keyRule = "2 to 6 letters";
export const keyHint = (example: string, now: string) =>
  `2 to 6 letters before the numbers of tasks: ${example}-12. With another key all numbers look different at once. Links go on to work; what people have written, such as ${now}-12 in a comment, stays as it is.`;
export const drafts = { name: "Name", description: "Description", key: "Key of tasks" };
export const fieldNames = { name: "name", description: "description", key: "key of tasks" };
export const isCalled = (name: string) => `The project is called “${name}” now.`;
export const changed = (fields: readonly (keyof typeof fieldNames)[], name: string) =>
  `Changed ${list(fields.map((field) => `the ${fieldNames[field]}`))} of “${name}”.`;

// Export.
export const exportTitle = "Export";
export const exportHint =
  "CSV has the tasks, for spreadsheets and other boards. JSON has everything you can read here, also comments, and documents as Markdown. What is in the trash is left out.";
export const csv = "Tasks as CSV";
export const json = "Everything as JSON";
export const making = "The server is making the file…";

// Handing over.
export const handOverTitle = "Hand over or leave";
export const oneOwner = "A project has one owner, and that is you: you can't leave it before somebody else owns it.";
export const onlyMember = "You are its only member. Add somebody under Members first, or delete the project.";
export const restoreItFirst = "Restore it first.";
export const newOwner = "New owner";
export const chooseMember = "Choose a member";
export const handOver = "Hand over";
export const handOverQuestion = (name: string) => `Hand the project over to ${name}?`;
export const handOverHint =
  "They become the only owner. You stay as an editor, and may leave then. Only they can give it back.";
export const somebodyElse = "Somebody else";
export const ownsNow = (name: string) => `${name} owns this project now. You are an editor.`;

// Leaving.
export const leave = "Leave";
export const leaveHint = "The project closes on all your screens. What you have done in it stays.";
export const leaveProject = "Leave this project";
export const leaveQuestion = "Leave this project?";
export const leaveWarning = "Only its owner can add you again.";
export const left = (name: string) => `You have left “${name}”.`;

// Archiving.
export const archive = "Archive";
export const archiveHint =
  "Everybody can still read it, nobody can change it, and it is no longer among the active projects.";
export const archiveProject = "Archive this project";
export const wasArchived = (name: string) => `“${name}” was archived.`;
export const restoreHint = "It can be changed again, and is among the active projects.";
export const restoreProject = "Restore this project";
export const isActive = (name: string) => `“${name}” is active again.`;

// Deleting.
export const deleteTitle = "Delete";
export const deleteHint = "Tasks, comments, documents and history go for everybody, for good. Export it first.";
export const deleteProject = "Delete this project";
export const deleteQuestion = (name: string) => `Delete “${name}”?`;
export const deleteWarning = (tasks: number) =>
  `${plural(tasks, "Its task", `Its ${tasks} tasks`)}, the comments, documents and history will be gone for everybody. This can't be undone.`;
export const typeName = "To be sure, type its name:";
export const deleteForGood = "Delete for good";
export const wasDeleted = (name: string) => `“${name}” was deleted.`;
