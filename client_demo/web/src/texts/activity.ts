/** What happened: the activity of a project, the history of a task. */

export const title = "Activity";
export const close = "Close activity";
export const trash = "Trash";
export const notLoaded = "The activity could not be loaded.";
export const noLongerKept = "Older activity is no longer kept.";
export const beginning = "This is the beginning.";

export const history = "History";
export const historyNotKept = "What happened to it is no longer kept.";
export const before = "before: ";
export const after = "after: ";

// What a field was, for which there is no name or value.
export const goneColumn = "a column that is gone";
export const nobody = "nobody";
export const none = "none";
