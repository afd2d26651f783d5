/** The resources, snapshots and events of the server's public interface. */

import type {
  Column,
  Comment,
  DocumentState,
  Task as EventTask,
  Label,
  Member,
  Notification,
  OwnEvent,
  ProjectEvent,
  ProjectState,
  Version,
} from "./events";

export type { Column, Comment, DocumentState, Label, Member, Notification, OwnEvent, ProjectEvent, Version };
/** A task as snapshots and answers have it. Events of an older server lack its column and number. */
export type Task = EventTask & Required<Pick<EventTask, "column_id" | "number">>;
export type Role = Member["role"];
export type Category = Column["category"];

export interface User {
  id: string;
  email: string;
  name: string;
  role: "admin" | "user";
}

export interface TokenAnswer {
  access_token: string;
  refresh_token: string;
  expires_in: number;
  user: User;
}

export interface Project extends Required<ProjectState> {
  /** The caller's own role and the newest event's offset: in answers, not in events. */
  role?: Role;
  offset?: number;
}

/** A document as this person sees it. `generation` names the history that a copy on this device belongs to. */
export interface Document extends DocumentState {
  access: "read" | "write";
  generation: string;
}

/** A task in the trash. */
export interface TrashedTask extends Task {
  deleted_at: string;
}

export interface Snapshot {
  project: Project;
  members: Member[];
  columns: Column[];
  labels: Label[];
  tasks: Task[];
  documents: DocumentState[];
  stream: { channel: string; offset: number; epoch: string };
}

/** One place where a person is signed in. */
export interface SignIn {
  id: string;
  created_at: string;
  last_used_at: string;
  user_agent: string;
  current: boolean;
}

export const CATEGORIES: readonly Category[] = ["todo", "in_progress", "done"];

/**
 * The end of a switch over the types of events: does not compile when one is missing.
 *
 * At run time it returns the event, since a newer server may send types that this page doesn't know.
 */
export function assertNever(event: never): ProjectEvent {
  return event;
}
