/** Sentences about events, for the activity of a project and the history of a task. */

import type { CommentUpdated, TaskMoved, TaskUpdated } from "../api/events";
import { assertNever, type Member, type ProjectEvent } from "../api/shapes";
import { categoryNames } from "./columns";
import { aFormerMember, formerMember, list, you } from "./common";
import { listOf } from "./fields";

/** What follows the actor's name. `subject` is emphasised, and links to `task`. */
export interface Sentence {
  before: string;
  subject: string;
  after: string;
  task?: string;
}

const MOST_NAMED = 3;

type Names = ReadonlyMap<string, Member>;
type Titles = ReadonlyMap<string, string>;

/**
 * The sentence of an event, such as `moved` `Fix login` `to In progress`; `titles` names what events give only the ids of.
 *
 * An unknown type, of a newer server, shows as its name.
 */
export function describe(event: ProjectEvent, members: Names, titles: Titles): Sentence {
  switch (event.type) {
    case "project.created":
      return sentence("created the project", event.data.project.name);
    case "project.updated":
      return sentence(`changed ${listOf(event.data.changed)} of the project`, event.data.project.name);
    case "project.archived":
      return sentence("archived the project");
    case "project.restored":
      return sentence("restored the project");
    case "project.deleted":
      return sentence("deleted the project");
    case "task.created":
      return { ...sentence("added", event.data.task.title), task: event.data.task.id };
    case "task.moved":
      return { ...sentence("moved", event.data.task.title, moved(event.data, titles)), task: event.data.task.id };
    case "task.updated":
      return { ...updated(event.data, members), task: event.data.task.id };
    case "task.deleted":
      return sentence("deleted", titles.get(event.data.task.id) ?? "a task");
    case "task.restored":
      return { ...sentence("restored", event.data.task.title), task: event.data.task.id };
    case "comment.created":
      if (event.data.restored) return onTask("restored a comment on", event.data, titles);
      return onTask(event.data.comment.parent_id ? "replied to a comment on" : "commented on", event.data, titles);
    case "comment.updated":
      return onTask(changedComment(event.data), event.data, titles);
    case "comment.deleted":
      return onTask("deleted a comment on", event.data, titles);
    case "column.created":
      return sentence("added the column", event.data.column.name);
    case "column.updated":
      if (event.data.changed[0] === "name") return sentence("renamed a column to", event.data.column.name);
      return sentence(`changed ${listOf(event.data.changed)} of the column`, event.data.column.name);
    case "column.moved":
      return sentence("moved the column", event.data.column.name);
    case "column.deleted":
      return deleted("column", event.data.column, titles);
    case "label.created":
      return sentence("added the label", event.data.label.name);
    case "label.updated": {
      const { label, changed, previous } = event.data;
      if (!changed.includes("name")) return sentence(`changed ${listOf(changed)} of the label`, label.name);
      return sentence("renamed a label to", label.name, previous?.name && `(was “${previous.name}”)`);
    }
    case "label.deleted":
      return deleted("label", event.data.label, titles);
    case "document.created":
      return sentence("added the document", event.data.document.title);
    case "document.updated": {
      const { document, changed } = event.data;
      if (changed.includes("title")) return sentence("renamed a document to", document.title);
      return sentence("wrote in the document", document.title);
    }
    case "document.undeleted":
      return sentence("brought back the document", event.data.document.title);
    case "document.version_created":
      return sentence("kept a version of", event.data.document.title, event.data.version.label ?? "");
    case "document.restored":
      return sentence("brought an earlier version back of", event.data.document.title);
    case "document.deleted":
      return deleted("document", event.data.document, titles);
    case "member.added": {
      const { user_id, name, role } = event.data.member;
      if (user_id === event.actor_id) return sentence(`joined as ${role}`);
      return sentence("invited", name, `as ${role}`);
    }
    case "member.updated":
      return changedMember(event);
    case "member.removed": {
      const { user_id } = event.data.member;
      if (user_id === event.actor_id) return sentence("left the project");
      return sentence("removed", members.get(user_id)?.name ?? titles.get(user_id) ?? "somebody");
    }
    default:
      return sentence(assertNever(event).type.replace(/[._]/g, " "));
  }
}

/** The actor's name, if they are still a member. */
export function actorName(event: ProjectEvent, members: Names, selfId: string): string {
  if (event.actor_id === selfId) return you;
  if (event.actor_id === null) return authorsOf(event, members, selfId) ?? "The server";
  return members.get(event.actor_id)?.name ?? aFormerMember;
}

/** Whose face stands beside an event: its actor's, or the first one's of those who have typed. */
export function faceOf({ actor_id, data }: ProjectEvent): string {
  return actor_id ?? ("by" in data ? data.by?.[0] : null) ?? "";
}

/** Those who have typed what one event tells of. */
function authorsOf({ data }: ProjectEvent, members: Names, selfId: string): string | null {
  const by = "by" in data ? (data.by ?? []) : [];
  const names = by.slice(0, MOST_NAMED).map((id) => (id === selfId ? you : (members.get(id)?.name ?? formerMember)));
  if (by.length > MOST_NAMED) names.push(`${by.length - MOST_NAMED} more`);
  return names.length > 0 ? list(names) : null;
}

function sentence(before: string, subject = "", after = ""): Sentence {
  return { before, subject, after };
}

function deleted(kind: string, { id }: { id: string }, titles: Titles): Sentence {
  const name = titles.get(id);
  return name ? sentence(`deleted the ${kind}`, name) : sentence(`deleted a ${kind}`);
}

function onTask(deed: string, data: { comment: { task_id: string } }, titles: Titles): Sentence {
  const task = data.comment.task_id;
  return { ...sentence(deed, titles.get(task) ?? "a task"), task };
}

function changedComment({ comment, changed }: CommentUpdated): string {
  if (changed.includes("resolved_at")) return comment.resolved_at ? "resolved a thread on" : "reopened a thread on";
  return changed.includes("reactions") ? "reacted to a comment on" : "edited a comment on";
}

function moved({ task, changed }: TaskMoved, titles: Titles): string {
  const column = titles.get(task.column_id ?? "") ?? categoryNames[task.status];
  return `${changed.includes("status") || changed.includes("column_id") ? "to" : "within"} ${column}`;
}

function updated({ task, changed, previous }: TaskUpdated, members: Names): Sentence {
  if (changed.length === 1) {
    if (changed[0] === "title") {
      return sentence("renamed a task to", task.title, previous?.title && `(was “${previous.title}”)`);
    }
    if (changed[0] === "document_id") return sentence("opened the description of", task.title);
    if (changed[0] === "assignee_id") {
      const name = task.assignee_id && (members.get(task.assignee_id)?.name ?? "somebody");
      return name ? sentence("assigned", task.title, `to ${name}`) : sentence("unassigned", task.title);
    }
    if (changed[0] === "due_on" && !task.due_on) return sentence("removed the due date of", task.title);
  }
  return sentence(`changed ${listOf(changed)} of`, task.title);
}

/** A new role or a new name. The new name is shown everywhere by now, so the sentence adds the old one. */
function changedMember({ actor_id, data }: ProjectEvent & { type: "member.updated" }): Sentence {
  const { member, changed, previous, previous_owner } = data;
  if (changed.includes("name")) {
    if (member.user_id !== actor_id) return sentence("renamed", previous?.name ?? "a member", `to ${member.name}`);
    return sentence("changed their name to", member.name, previous?.name && `(was ${previous.name})`);
  }
  if (previous_owner) return sentence("handed the project over to", member.name);
  return sentence("made", member.name, `${article(member.role)} ${member.role}`);
}

/** What follows the actor's name in the history of one task; `titles` names columns by their ids. */
export function describeInHistory(event: ProjectEvent, members: Names, titles: Titles = new Map()): string {
  switch (event.type) {
    case "task.created":
      return "added the task";
    case "task.deleted":
      return "moved the task to the trash";
    case "task.restored":
      return "took the task out of the trash";
    case "task.moved":
      return `moved the task ${moved(event.data, titles)}`;
    case "task.updated":
      if (event.data.changed.join() === "document_id") return "opened the description";
      return `changed ${listOf(event.data.changed)}`;
    case "comment.created":
    case "comment.updated":
    case "comment.deleted":
      return describe(event, members, titles).before.replace(/ on$/, ""); // the task is plain here
    default: {
      const { before, subject, after } = describe(event, members, titles);
      return [before, subject, after].filter(Boolean).join(" ");
    }
  }
}

function article(role: string): string {
  return /^[aeiou]/.test(role) ? "an" : "a";
}
