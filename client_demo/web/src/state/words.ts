/** An event of the log, in words. */

import type { TaskMoved, TaskUpdated } from "../api/events";
import { assertNever, type Member, type ProjectEvent, STATUS_NAMES } from "../api/shapes";

/** A sentence after the actor's name; `subject` is what it is about and stands out, `task` opens it. */
export interface Sentence {
  before: string;
  subject: string;
  after: string;
  task?: string;
}

type Names = ReadonlyMap<string, Member>;

const FIELD_WORDS: Record<string, string> = {
  title: "the title",
  description: "the description",
  assignee_id: "who does it",
  due_on: "the due date",
  labels: "the labels",
  name: "the name",
};

/** What happened, for example `moved` `Fix login` `to In progress`. Types of a newer server are told by their name. */
export function describe(event: ProjectEvent, members: Names, titles: ReadonlyMap<string, string>): Sentence {
  switch (event.type) {
    case "project.created":
      return sentence("created the project", event.data.project.name);
    case "project.updated":
      return sentence(`changed ${fields(event.data.changed)} of the project`, event.data.project.name);
    case "project.archived":
      return sentence("archived the project");
    case "project.restored":
      return sentence("brought the project back");
    case "project.deleted":
      return sentence("deleted the project");
    case "task.created":
      return { ...sentence("added", event.data.task.title), task: event.data.task.id };
    case "task.moved":
      return { ...sentence("moved", event.data.task.title, moved(event.data)), task: event.data.task.id };
    case "task.updated":
      return { ...updated(event.data, members), task: event.data.task.id };
    case "task.deleted":
      return sentence("deleted", titles.get(event.data.task.id) ?? "a task");
    case "member.added":
      return sentence("invited", event.data.member.name, `as ${event.data.member.role}`);
    case "member.updated":
      return changedMember(event);
    case "member.removed": {
      const { user_id } = event.data.member;
      if (user_id === event.actor_id) return sentence("left the project");
      return sentence("removed", members.get(user_id)?.name ?? "somebody");
    }
    default:
      return sentence(assertNever(event).type.replace(/[._]/g, " "));
  }
}

/** The actor's name: as a member, else as the event tells it. */
export function actorName(event: ProjectEvent, members: Names, selfId: string): string {
  if (event.actor_id === selfId) return "You";
  if (event.actor_id === null) return "The server";
  return members.get(event.actor_id)?.name ?? "A former member";
}

function sentence(before: string, subject = "", after = ""): Sentence {
  return { before, subject, after };
}

function moved({ task, changed }: TaskMoved): string {
  return `${changed.includes("status") ? "to" : "within"} ${STATUS_NAMES[task.status]}`;
}

function updated({ task, changed }: TaskUpdated, members: Names): Sentence {
  if (changed.length === 1) {
    if (changed[0] === "title") return sentence("renamed a task to", task.title);
    if (changed[0] === "assignee_id") {
      const name = task.assignee_id && (members.get(task.assignee_id)?.name ?? "somebody");
      return name ? sentence("gave", task.title, `to ${name}`) : sentence("took", task.title, "off its assignee");
    }
    if (changed[0] === "due_on" && !task.due_on) return sentence("removed the due date of", task.title);
  }
  return sentence(`changed ${fields(changed)} of`, task.title);
}

/** A new role or a new name. Whoever takes one is called by it everywhere already, so the old one is told. */
function changedMember({ actor_id, data }: ProjectEvent & { type: "member.updated" }): Sentence {
  const { member, changed, previous, previous_owner } = data;
  if (changed.includes("name")) {
    if (member.user_id !== actor_id) return sentence("renamed", previous?.name ?? "a member", `to ${member.name}`);
    return sentence("took the name", member.name, previous?.name && `instead of ${previous.name}`);
  }
  if (previous_owner) return sentence("handed the project over to", member.name);
  return sentence("made", member.name, `${article(member.role)} ${member.role}`);
}

function fields(changed: readonly string[]): string {
  const words = changed.map((field) => FIELD_WORDS[field] ?? field.replace(/_/g, " "));
  return words.length > 0 ? new Intl.ListFormat("en").format(words) : "details";
}

function article(role: string): string {
  return /^[aeiou]/.test(role) ? "an" : "a";
}
