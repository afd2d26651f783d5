/** The places of drafts that more than one part of the page names. */

import type { CommentDeed } from "../state/comment_change";
import type { Place } from "../state/drafts";

export function newTaskPlace(project: string, column: string): Place {
  return { project, task: null, field: `new-task:${column}` };
}

/** The draft of a new comment, of a reply in a thread, or of the new text of a comment. */
export function commentField(deed: CommentDeed, comment: string): string {
  if (deed.do === "edit") return `comment-text:${comment}`;
  return deed.do === "add" && deed.parent ? `reply:${deed.parent}` : NEW_COMMENT;
}

export const NEW_COMMENT = "comment";

/** Begins the drafts of a project's own fields. */
export const SETTINGS = "settings:";
