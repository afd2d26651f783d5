/** What the server makes of a change. */

import { Refused } from "../api/request";
import type { Task } from "../api/shapes";
import { type Change, conflicts, isMade } from "./change";

const MOST_REBASES = 5;

export type Answered = Pick<Task, "id" | "version">;

export type Verdict =
  /** `task` is as the change left it; null if that is gone. */
  | { kind: "made"; task: Answered | null }
  /** There is nothing left to do, and no event tells of it. */
  | { kind: "needless" }
  /** `conflicting` has the fields of an edit that somebody else changed first. */
  | { kind: "refused"; message: string; conflicting: string[] };

/** Sends a change. Returns the task after it, or null if it is gone. Raises Refused, Unavailable, SignedOut. */
export type Deliver = (project: string, change: Change) => Promise<Task | null>;

/** Send the change until it is made or refused. Raises Unavailable and SignedOut: it still has to be made. */
export async function verdictOn(deliver: Deliver, project: string, change: Change, rebases = 0): Promise<Verdict> {
  try {
    return { kind: "made", task: await deliver(project, change) };
  } catch (failure) {
    if (!(failure instanceof Refused)) throw failure;
    const refused: Verdict = { kind: "refused", message: failure.message, conflicting: [] };
    // Deleted by somebody else, or by an earlier try of ours.
    if (change.kind === "delete" && failure.status === 404) return { kind: "made", task: null };
    if (change.kind === "comment" && change.deed.do === "delete" && failure.status === 404) return { kind: "needless" };
    const current = failure.status === 412 ? (failure.details[0] as Task | undefined) : undefined;
    if (!current?.id || !("base" in change) || !change.base) return refused;
    const conflicting = conflicts(current, change.base);
    // Somebody changed other fields of the task, or we did before: this change still fits the newer version.
    if (conflicting.length === 0 && rebases < MOST_REBASES)
      return verdictOn(deliver, project, { ...change, version: current.version }, rebases + 1);
    // An earlier try succeeded, but its answer was lost.
    if (isMade(current, change)) return { kind: "made", task: current };
    return change.kind === "edit" ? { ...refused, conflicting } : refused;
  }
}
