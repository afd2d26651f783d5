/** What the server says: the resources, snapshots and events of its public interface. */

export type Role = "owner" | "editor" | "viewer";
export type Status = "todo" | "in_progress" | "done";

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

export interface Project {
  id: string;
  name: string;
  description: string | null;
  status: "active" | "archived";
  task_count: number;
  owner_id: string;
  created_at: string;
  updated_at: string;
  version: number;
  /** The caller's own role and the newest event's offset; answers carry them, events do not. */
  role?: Role;
  offset?: number;
}

export interface Member {
  user_id: string;
  name: string;
  role: Role;
  version: number;
  created_at: string;
  updated_at: string;
}

export interface Task {
  id: string;
  title: string;
  description: string | null;
  status: Status;
  assignee_id: string | null;
  due_on: string | null;
  labels: string[];
  /** A fractional index: tasks of one status stand in the byte order of (position, id). */
  position: string;
  version: number;
  created_by: string;
  created_at: string;
  updated_at: string;
}

export interface Document {
  id: string;
  title: string;
  version: number;
}

export interface Snapshot {
  project: Project;
  members: Member[];
  tasks: Task[];
  documents: Document[];
  stream: { channel: string; offset: number; epoch: string };
}

export interface ProjectEvent {
  id: string;
  type: string;
  project_id: string;
  offset: number;
  actor_id: string | null;
  at: string;
  version: number;
  mutation_id?: string | null;
  data: EventData;
}

export interface EventData {
  task?: Task;
  member?: Member;
  project?: Project;
  document?: Document;
  comment?: Comment;
  changed?: string[];
  /** Other tasks of the column whose place changed with this one, when the column was rebalanced. */
  positions?: Record<string, string>;
  /** The owner before this one, when a project is handed over. */
  previous_owner?: Member;
}

export interface Comment {
  id: string;
  task_id: string;
  body: string;
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
