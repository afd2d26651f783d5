/** The fields of tasks, projects, columns and labels. */

import { list } from "./common";

const names: Record<string, string> = {
  title: "title",
  description: "description",
  assignee_id: "assignee",
  column_id: "column",
  due_on: "due date",
  labels: "labels",
  name: "name",
  key: "key",
  category: "category",
  color: "colour",
  wip_limit: "limit",
};

/** One that a newer server has is called as it is there. */
export const nameOf = (field: string) => names[field] ?? field.replace(/_/g, " ");

/** "Due date", at the beginning of a line. */
export function nameFirst(field: string): string {
  const name = nameOf(field);
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** "the title and the due date" */
export function listOf(fields: readonly string[]): string {
  const words = fields.map((field) => (field in names ? `the ${names[field]}` : nameOf(field)));
  return words.length > 0 ? list(words) : "details";
}
