/** What the server says: the resources, snapshots and events of its public interface. */

import type { Member, ProjectEvent, ProjectState, Task } from "./events";

export type { Member, ProjectEvent, Task };
export type Role = Member["role"];
export type Status = Task["status"];

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

export interface Project extends ProjectState {
  /** The caller's own role and the newest event's offset; answers carry them, events do not. */
  role?: Role;
  offset?: number;
}

export interface Snapshot {
  project: Project;
  members: Member[];
  tasks: Task[];
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

export const STATUSES: readonly Status[] = ["todo", "in_progress", "done"];
export const STATUS_NAMES: Record<Status, string> = { todo: "To do", in_progress: "In progress", done: "Done" };

/**
 * The end of a switch over the types of events: does not compile when one was forgotten.
 *
 * A newer server has types that nobody here knows, so it comes by here nevertheless, and gives the event back.
 */
export function assertNever(event: never): ProjectEvent {
  return event;
}
