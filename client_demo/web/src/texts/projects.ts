/** The list of projects, and making one. */

import { plural } from "./plural";

export const title = "Projects";
export const newProject = "New project";
export const search = "Search projects";
export const shelves = "Which projects";
export const active = "Active";
export const archived = "Archived";
export const found = (count: number) => plural(count, "1 project", `${count} projects`);
export const notLoaded = "The projects could not be loaded";

// One project.
export const roles = { owner: "Yours", editor: "You are an editor", viewer: "You are a viewer" };
export const changed = (ago: string) => `Changed ${ago}`;
export const archive = "Archive";
export const archiveIt = (name: string) => `Archive ${name}`;
export const restoreIt = (name: string) => `Restore ${name}`;
export const wasArchived = (name: string) => `“${name}” was archived.`;
export const wasRestored = (name: string) => `“${name}” was restored.`;
export const activeAgain = (name: string) => `“${name}” is active again.`;
export const archivedAgain = (name: string) => `“${name}” is archived again.`;
export const changedSince = (name: string) => `Somebody has changed “${name}” since.`;

// None.
export const noMatch = "No project found";
export const noMatchHint = "Try fewer words, or look under Active or Archived.";
export const noneArchived = "No archived projects";
export const noneArchivedHint = "Archive a project when it is finished.";
export const none = "No project yet";
export const noneHint = "A project has a board, members and a history.";
export const createFirst = "Create a project";

// A new one.
export const words = "Description (optional)";
export const create = "Create project";
export const draftOfName = "Name of a new project";
export const draftOfWords = "About a new project";
