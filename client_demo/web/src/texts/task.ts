/** A task's panel, but for its comments and its history. */

export const label = (title: string) => `Task: ${title}`;
export const copyLink = "Copy link";
export const watch = "Watch this task";
export const isWatched = "You are told of changes. Press to stop.";
export const isNotWatched = "Be told of changes";
export const trash = "Delete task";
export const close = "Close task";

export const titleOf = (title: string) => `Title of “${title}”`;
export const begun = "You began this and did not save it.";

export const status = "Status";
export const columns = "Columns";
export const assignee = "Assignee";
export const assignToMe = "Assign to me";
export const people = "People";
export const you = "you";
export const due = "Due";

export const labels = "Labels";
export const manageLabels = "Manage labels";
export const labelFor = (title: string) => `Label for “${title}”`;
export const suggestions = "Suggestions";
export const addLabel = "Add a label";
export const removeLabel = (name: string) => `Remove label ${name}`;
export const createLabel = (name: string) => `Create “${name}”`;
export const noLabels = "None";

export const descriptionOf = (title: string) => `Description of “${title}”`;
export const descriptionHint = "What is it about? When is it done?";
export const noDescription = "No description.";
export const offline = "Offline";
export const offlineKept = "Offline, kept on this device";
export const saving = "Saving…";
export const writtenEarlier = "You wrote this here earlier, and it isn't saved.";
export const addIt = "Add it";
export const discardIt = "Discard it";

export const addedBy = (name: string) => `Added by ${name}`;
export const changed = ", changed";
export const fieldOf = (field: string, title: string) => `The ${field} of “${title}”`;

// Its address.
export const keyCopyLink = "Copy the link of the task";
export const linkCopied = "The link is copied.";
export const linkNotCopied = (link: string) => `The link could not be copied: ${link}`;
export const notSent = "This task is not sent yet: nobody else can open it.";
export const noneToCopy = "Open a task, or go to its card, to copy its link.";
export const wasDeleted = "This task was deleted. It is in the trash.";
export const isMissing = "There is no such task here; it may be in the trash.";

export const keyAssign = "Assign the task to you, or to nobody if it is yours";
