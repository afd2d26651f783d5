/** An open project: the bar above it, and what stands where its board can't. */

export const settingsTitle = (name: string) => `Settings · ${name}`;
export const taskTitle = (task: string, project: string) => `${task} · ${project}`;

// The bar.
export const board = "Board";
export const documents = "Documents";
export const trash = "Trash";
export const labels = "Labels";
export const labelsOfProject = "Labels of this project";
export const settings = "Settings";
export const members = "Members";
export const activity = "Activity";

// The palette's actions, and more words to find them by.
export const showBoard = "Show the board";
export const showDocuments = "Show the documents";
export const showMembers = "Show the members";
export const showMembersWords = "invite roles";
export const showActivity = "Show the activity";
export const hideActivity = "Hide the activity";
export const showSettings = "Show the settings";
export const showSettingsWords = "rename export import";
export const showTrash = "Show the trash";
export const showTrashWords = "deleted restore";
export const manageLabels = "Manage labels";
export const manageLabelsWords = "colours rename";

// Who can't change it.
export const archived = "Archived";
export const isArchived = "This project is archived and can't be changed.";
export const yourRole = "Your role";
export const isViewer = "You are a viewer here: you can see everything and react to comments, but change nothing.";

// Instead of its board.
export const loadingBoard = "Loading the board";
export const notFound = "Project not found";
export const notFoundHint =
  "It doesn't exist, or isn't shared with you. Its owner can invite you by your e-mail address.";
export const noAccess = (name: string) => `You no longer have access to “${name}”`;
export const wasRemoved = "You were removed from this project.";
export const wasDeleted = (name: string) => `“${name}” was deleted`;
export const wasDeletedHint = "Its owner deleted it for everybody.";
export const notLoaded = "The board could not be loaded";
export const keepsTrying = "The server can't be reached. This page keeps trying.";
