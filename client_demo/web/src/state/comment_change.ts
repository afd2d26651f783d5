/** A person's change to a comment, before the server has answered. */

import type { Comment } from "../api/shapes";
import type { Change } from "./change";

/** `parent` is the first comment of the thread that a reply belongs to. */
export type CommentDeed =
  | { do: "add"; body: string; parent: string | null; author: string }
  | { do: "edit"; body: string }
  | { do: "resolve"; resolved: boolean }
  | { do: "react"; emoji: string; on: boolean; person: string }
  /** `was` lets it be undone; boards of before did not keep it. */
  | { do: "delete"; was?: Comment }
  | { do: "restore"; was: Comment };

export type CommentChange = { kind: "comment"; comment: string; deed: CommentDeed };

/** By how much the task's number of comments will change. */
export function countsMore({ deed }: CommentChange): number {
  return deed.do === "add" || deed.do === "restore" ? 1 : deed.do === "delete" ? -1 : 0;
}

/** A change of the number always makes an event; other changes may find nothing to change. */
export function alwaysHasEvent(change: CommentChange): boolean {
  return countsMore(change) !== 0;
}

/** The thread's name: the id of its first comment. */
export function threadOf(comment: Comment): string {
  return comment.parent_id ?? comment.id;
}

/** The comments of a task as the changes will probably leave them. Pure. */
export function predictComments(
  comments: readonly Comment[],
  task: string,
  changes: readonly Change[],
): readonly Comment[] {
  return changes.reduce(
    (seen, change) => (change.kind === "comment" && change.task === task ? predicted(seen, change) : seen),
    comments,
  );
}

function predicted(comments: readonly Comment[], change: Change & CommentChange): readonly Comment[] {
  const { comment: id, deed, made_at } = change;
  switch (deed.do) {
    case "add":
      if (comments.some((comment) => comment.id === id)) return comments;
      return [...comments, drafted(change, deed)];
    case "edit":
      return replaced(comments, id, (comment) => ({ ...comment, body: deed.body, edited_at: made_at }));
    case "resolve":
      return replaced(comments, id, (comment) => ({ ...comment, resolved_at: deed.resolved ? made_at : null }));
    case "react":
      return replaced(comments, id, (comment) => ({ ...comment, reactions: reacted(comment.reactions, deed) }));
    case "delete":
      return comments.filter((comment) => comment.id !== id); // a tombstone, if any, comes with the event
    case "restore":
      return withComment(comments, deed.was);
  }
}

/** `version` 0 tells it from those that the server has. */
function drafted(change: Change & CommentChange, deed: CommentDeed & { do: "add" }): Comment {
  return {
    id: change.comment,
    task_id: change.task,
    parent_id: deed.parent,
    author_id: deed.author,
    body: deed.body,
    mentions: [],
    reactions: [],
    resolved_at: null,
    edited_at: null,
    deleted_at: null,
    version: 0,
    created_at: change.made_at,
  };
}

function reacted(reactions: Comment["reactions"], { emoji, on, person }: CommentDeed & { do: "react" }) {
  const others = reactions.map((each) =>
    each.emoji === emoji ? { ...each, user_ids: each.user_ids.filter((id) => id !== person) } : each,
  );
  if (!on) return others.filter((each) => each.user_ids.length > 0);
  if (!others.some((each) => each.emoji === emoji)) return [...others, { emoji, user_ids: [person] }];
  return others.map((each) => (each.emoji === emoji ? { ...each, user_ids: [...each.user_ids, person] } : each));
}

function replaced(comments: readonly Comment[], id: string, change: (comment: Comment) => Comment): readonly Comment[] {
  return comments.map((comment) => (comment.id === id ? change(comment) : comment));
}

/** The comments with this one in its place. Pure. */
export function withComment(comments: readonly Comment[], comment: Comment): readonly Comment[] {
  const index = comments.findIndex(({ id }) => id === comment.id);
  if (index >= 0) return comments.with(index, comment);
  const place = comments.findLastIndex((other) => isBefore(other, comment)) + 1;
  return comments.toSpliced(place, 0, comment);
}

function isBefore(one: Comment, other: Comment): boolean {
  const [a, b] = [threadOf(one), threadOf(other)];
  return a === b ? one.id < other.id : a < b;
}
