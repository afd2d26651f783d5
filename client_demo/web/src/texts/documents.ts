/** The list of documents, and their titles. */

export const documents = "Documents";
export const document = "Document";
export const shelves = "Which documents";
export const current = "Current";
export const trash = "Trash";
export const newShort = "New";
export const newRest = "document";
export const changed = (ago: string) => `Changed ${ago}`;
export const renameIt = (title: string) => `Rename ${title}`;
export const trashIt = (title: string) => `Move ${title} to the trash`;

export const none = "No documents yet";
export const writeFirst = "Write the first one";
export const noneHint = "Plans, notes, minutes: everybody in the project can write in them at the same time.";

export const renameTitle = "Rename document";
export const newTitle = "New document";
export const create = "Create document";
export const renamedMeanwhile = (title: string) => `Somebody has renamed it to “${title}” meanwhile.`;
export const draftOfTitle = (title: string) => `Title of the document “${title}”`;
export const draftOfNewTitle = "Title of a new document";

export const trashQuestion = "Move to the trash?";
export const moveToTrash = "Move to trash";
export const trashHint = (title: string) => `“${title}” closes for everybody. Editors can restore it for 30 days.`;
export const isInTrash = (title: string) => `“${title}” is in the trash.`;
export const isBack = (title: string) => `“${title}” is back.`;
export const trashNotLoaded = "The trash could not be loaded";
export const trashEmpty = "The trash is empty";
export const keptFor = "Documents stay here for 30 days.";

export const editorNotLoaded = "The editor could not be loaded";
export const editorNotLoadedHint = "The server can't be reached, or has a new version: reload the page then.";
