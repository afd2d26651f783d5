/** An event of the log, in words. */

import { type EventData, type Member, type ProjectEvent, STATUS_NAMES, type Task } from "../api/shapes";

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
  const { data } = event;
  const task = data.task as Task | undefined;
  switch (event.type) {
    case "project.created":
      return sentence("created the project", data.project?.name);
    case "project.updated":
      return sentence(`changed ${fields(data)} of the project`, data.project?.name);
    case "project.archived":
      return sentence("archived the project");
    case "project.restored":
      return sentence("brought the project back");
    case "project.deleted":
      return sentence("deleted the project");
    case "task.created":
      return { ...sentence("added", task?.title), task: task!.id };
    case "task.moved":
      return { ...sentence("moved", task?.title, moved(data)), task: task!.id };
    case "task.updated":
      return { ...updated(data, members), task: task!.id };
    case "task.deleted":
      return sentence("deleted", task?.title ?? titles.get(task?.id ?? "") ?? "a task");
    case "member.added":
      return sentence("invited", nameOf(data.member, members), `as ${data.member!.role}`);
    case "member.updated":
      return data.previous_owner
        ? sentence("handed the project over to", nameOf(data.member, members))
        : sentence("made", nameOf(data.member, members), `${article(data.member!.role)} ${data.member!.role}`);
    case "member.removed":
      return data.member?.user_id === event.actor_id
        ? sentence("left the project")
        : sentence("removed", nameOf(data.member, members));
    case "comment.created":
      return about(data, titles, "commented on");
    case "comment.updated":
      return about(data, titles, "edited a comment on");
    case "comment.deleted":
      return about(data, titles, "deleted a comment on");
    case "document.created":
      return sentence("created the document", data.document?.title);
    case "document.updated":
      return sentence("edited the document", data.document?.title);
    case "document.deleted":
      return sentence("deleted the document", data.document?.title);
    default:
      return sentence(event.type.replace(/[._]/g, " "));
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

function moved(data: EventData): string {
  const status = data.task!.status;
  return data.changed?.includes("status") ? `to ${STATUS_NAMES[status]}` : `within ${STATUS_NAMES[status]}`;
}

function updated(data: EventData, members: Names): Sentence {
  const task = data.task!;
  const changed = data.changed ?? [];
  if (changed.length === 1) {
    if (changed[0] === "title") return sentence("renamed a task to", task.title);
    if (changed[0] === "assignee_id") {
      const name = task.assignee_id && (members.get(task.assignee_id)?.name ?? "somebody");
      return name ? sentence("gave", task.title, `to ${name}`) : sentence("took", task.title, "off its assignee");
    }
    if (changed[0] === "due_on" && !task.due_on) return sentence("removed the due date of", task.title);
  }
  return sentence(`changed ${fields(data)} of`, task.title);
}

function fields(data: EventData): string {
  const words = (data.changed ?? []).map((field) => FIELD_WORDS[field] ?? field.replace(/_/g, " "));
  return words.length > 0 ? new Intl.ListFormat("en").format(words) : "details";
}

function about(data: EventData, titles: ReadonlyMap<string, string>, verb: string): Sentence {
  const task = data.comment?.task_id;
  return { ...sentence(verb, titles.get(task ?? "") ?? "a task"), ...(task && { task }) };
}

function nameOf(member: Member | undefined, members: Names): string {
  return member?.name ?? members.get(member?.user_id ?? "")?.name ?? "somebody";
}

function article(role: string): string {
  return /^[aeiou]/.test(role) ? "an" : "a";
}
