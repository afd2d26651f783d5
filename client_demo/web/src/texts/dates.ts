/** Words for days and times; the rest of a date is written as the reader's browser does. */

export const locale = "en";
export const justNow = "just now";
export const noDay = "None";
export const overdue = (day: string) => `Overdue, ${day}`;
export const today = "Today";
export const tomorrow = "Tomorrow";
