/** The command palette. */

export const found = "Found";
export const tasks = "Tasks on this board";
export const documents = "Documents of this project";
export const actions = "Actions";
export const projects = "Projects";
export const everywhere = "Everywhere";

export const count = (found: number) => `${found} found`;
export const searching = "Searching…";
export const nothing = "Nothing found. Try fewer words.";
