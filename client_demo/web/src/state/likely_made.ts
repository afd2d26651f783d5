/** New tasks that an earlier page has sent, and the server has probably made: their answers went with that page. */

import type { Task } from "../api/shapes";
import type { Change } from "./change";

/** By how much the server's clock may be behind this device's. */
const CLOCKS_DIFFER_MS = 60_000;

/**
 * The ids of such tasks by those that they have here. A guess, by author, title and time, for what is shown until the
 * repeated request is answered: without it, the task is there twice meanwhile.
 */
export function likelyMade(sentBefore: readonly Change[], tasks: readonly Task[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const taken = new Set<string>();
  for (const change of sentBefore) {
    if (change.kind !== "create") continue;
    const since = Date.parse(change.made_at) - CLOCKS_DIFFER_MS;
    const made = tasks.findLast(
      ({ id, title, created_by, created_at }) =>
        title === change.title && created_by === change.author && Date.parse(created_at) >= since && !taken.has(id),
    );
    if (!made) continue;
    taken.add(made.id);
    found.set(change.task, made.id);
  }
  return found;
}
