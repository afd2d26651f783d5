/** The short name of a task, such as `MOON-12`. */

import type { Task } from "../api/shapes";

/** The name; null for a task that the server has not numbered yet. */
export function numberOf(projectKey: string, { number }: Pick<Task, "number">): string | null {
  if (number === 0) return null;
  return projectKey ? `${projectKey}-${number}` : `#${number}`;
}
