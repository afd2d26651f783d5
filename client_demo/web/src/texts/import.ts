/** The import of tasks from a CSV file. */

import { tasks } from "./common";
import { plural } from "./plural";

const rows = (count: number) => plural(count, "1 row", `${count} rows`);
const cells = (count: number) => plural(count, "1 cell", `${count} cells`);

export const title = "Import";
export const hint =
  "Makes tasks of the rows of a CSV file, as spreadsheets, Trello, Jira and this page write them. The first row names the columns: title, and any of description, column, status, labels, assignee, due date.";
export const file = "CSV file";
export const tooBig = "The file has more than 20 MB: divide it.";

// What it would make.
export const inFile = (count: number) => `: ${rows(count)}`;
export const fields: Record<string, string> = {
  title: "Title",
  description: "Description",
  column: "Column",
  status: "Status",
  labels: "Labels",
  assignee: "Assignee",
  assignee_id: "Assignee",
  due_on: "Due",
};
export const ignored = (columns: string) => `Not taken over: ${columns}.`;
export const firstTasks = "The first tasks";
export const column = "Column";
export const labels = "Labels";
export const assignee = "Assignee";
export const due = "Due";
export const doubts = (rowCount: number, leftOut: number, empty: number) =>
  `Of the first ${rows(rowCount)}, ${leftOut} will be left out, and ${cells(empty)} will stay empty. The report at the end lists all of them.`;
export const known = (count: number, total: number) =>
  plural(
    count,
    `1 of ${rows(total)} is of a task that is here already, by its title or id. Unless this same file has made it, the import makes another one.`,
    `${count} of ${rows(total)} are of tasks that are here already, by their titles or ids. Unless this same file has made them, the import makes them once more.`,
  );
export const tellsNobody = "Nobody is notified of imported tasks.";
export const begin = (count: number) => `Import ${rows(count)}`;

// While it runs.
export const importing = "Importing";
export const progress = (sent: number, total: number) => `: ${sent} of ${total} rows`;
export const goesOn = (outage: string) => `${outage} The import goes on by itself as soon as it can.`;
export const leaveOpen = "You can look at the board meanwhile. Leave this page open.";
export const stop = "Stop the import";
export const stopping = "Stopping…";

// What it has made.
const endings = { finished: "", cancelled: "Stopped. ", failed: "The import has failed. " };
export const made = (ending: keyof typeof endings, count: number) => `: ${endings[ending]}${tasks(count)} made.`;
export const madeBefore = (ending: keyof typeof endings, count: number, before: number) =>
  `: ${endings[ending]}${tasks(count)} made, ${before} made before from the same file.`;
export const nothingLeftOut = "Nothing was left out.";
export const leftOut = (rowCount: number, cellCount: number) =>
  `${rows(rowCount)} left out, ${cells(cellCount)} left empty:`;
export const line = (number: number) => `Line ${number}:`;
export const lineAndField = (number: number, field: string) => `Line ${number}, ${field}:`;
export const more = (count: number) => `And ${count} more in the report.`;
export const again = "Import it once more";
export const report = "Download the report";
export const done = "Done";

// Why a row was left out.
export const rowTooLong = "It is too long for a task.";
export const openQuote = "A quote is opened here and never closed: nothing after it could be read.";
export const cancelledBefore = "The import was cancelled before it.";
export const stoppedBefore = (problem: string) => `The import stopped before it: ${problem}`;
