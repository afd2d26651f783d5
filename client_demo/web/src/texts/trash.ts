/** The trash of a project. */

export const title = "Trash";
export const hint =
  "Deleted tasks stay here for 30 days. A restored one is back where it was. Documents have their own trash.";
export const notLoaded = "The trash could not be loaded";
export const isEmpty = "The trash is empty";
export const deleted = (ago: string) => `deleted ${ago}`;
export const isBackIn = (title: string, column: string) => `“${title}” is back in ${column}.`;

export const purgeShort = "Delete";
export const purgeRest = "for good";
export const purgeQuestion = "Delete for good?";
export const purge = "Delete for good";
export const purgeHint = (title: string) =>
  `“${title}” and everything that belongs to it will be gone for everybody. This can't be undone.`;
export const purged = (title: string) => `“${title}” is gone for good.`;
