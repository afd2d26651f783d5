/** Undoing the changes of a project's own fields that this window has made, the last one first. */

import { useRef } from "preact/hooks";
import { Refused } from "../../api/request";
import type { Project } from "../../api/shapes";
import type { ProjectFields } from "../../state/project_change";
import * as common from "../../texts/common";
import * as texts from "../../texts/settings";
import { useProject } from "../context";
import { messageOf } from "../failure";
import { notify, offer, withdrawOffer } from "../notice";
import { useUndoKeys } from "../undo_keys";

interface Step {
  was: Partial<ProjectFields>;
  /** The version that the change has made: another one means that somebody has changed something since. */
  version: number;
}

/**
 * Offer to undo a change that is being made: its answer, what the fields were, and words for it, or null if nothing has
 * changed. Returns what the answer says the project is now, or raises what it raises.
 */
export type MakeUndoable = (
  answer: Promise<Project>,
  was: Partial<ProjectFields>,
  words: (made: Project) => string | null,
) => Promise<Project>;

/** Ctrl+Z undoes the last change, too; that waits for the answer to one which is shown already. */
export function useUndoOfChanges(): MakeUndoable {
  const { id, session } = useProject();
  const steps = useRef<Step[]>([]);
  const last = useRef<Promise<unknown>>(Promise.resolve());
  const undo = async (step: Step | undefined) => {
    if (!step) return notify(common.nothingToUndo);
    withdrawOffer();
    steps.current = steps.current.filter((other) => other !== step);
    try {
      const headers = { "If-Match": `"${step.version}"` };
      await session.request<Project>("PATCH", `projects/${id}`, { body: step.was, headers });
      notify(texts.asItWas);
    } catch (failure) {
      const isOvertaken = failure instanceof Refused && failure.status === 412;
      notify(isOvertaken ? texts.changedSince : messageOf(failure), "bad");
    }
  };
  useUndoKeys(() => void last.current.then(() => undo(steps.current.at(-1))));
  const note = (made: Project, was: Partial<ProjectFields>, words: string | null) => {
    if (words === null) return;
    const step = { was, version: made.version };
    steps.current.push(step);
    offer(words, { label: common.undo, act: () => void undo(step) });
  };
  return (answer, was, words) => {
    const made = answer.then((project) => {
      note(project, was, words(project));
      return project;
    });
    last.current = made.catch(() => undefined); // the caller says why
    return made;
  };
}
