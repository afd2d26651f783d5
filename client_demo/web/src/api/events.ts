/** The events of a project, and of a person. Made from the server's classes, by `make web`: edit those. */

/** Addresses stay between a person and the server: members see each other's names. */
export interface Member {
  user_id: string;
  name: string;
  role: "owner" | "editor" | "viewer";
  version: number;
  created_at: string;
  updated_at: string;
}

/** Somebody who belongs to the project from now on. */
export interface MemberAdded {
  member: Member;
}

/** Values from before, of those fields that changed. */
export interface MemberBefore {
  name?: string;
  role?: "owner" | "editor" | "viewer";
}

export interface MemberId {
  user_id: string;
}

/** Somebody who has left, or was removed. */
export interface MemberRemoved {
  member: MemberId;
}

/**
 * A new role, or a new name. `changed` says which, `previous` holds the old one.
 *
 * When the project was handed over, with its owner of before and the project, which names the new one.
 */
export interface MemberUpdated {
  member: Member;
  changed: string[];
  previous?: MemberBefore;
  previous_owner?: Member | null;
  project?: ProjectState | null;
}

/** Something that concerns a person. */
export interface Notification {
  kind: "project_created" | "member_added";
  project_id: string;
  project_name: string;
  at: string;
}

/** For one person, in their own channel. */
export interface NotificationCreated {
  notification: Notification;
}

/** Where the task was, as far as that changed. */
export interface PlaceBefore {
  status?: "todo" | "in_progress" | "done";
  position?: string;
}

/** A project that takes no change but its restoration. It may have been renamed or described on the way. */
export interface ProjectArchived {
  project: ProjectState;
  changed: string[];
  previous?: ProjectBefore;
}

/** Values from before, of those fields that changed. The description is not told again. */
export interface ProjectBefore {
  name?: string;
  status?: "active" | "archived";
}

/** With the one member that it has. */
export interface ProjectCreated {
  project: ProjectState;
  member: Member;
}

/** The last event of a project. */
export interface ProjectDeleted {
  project: ProjectId;
}

export interface ProjectId {
  id: string;
}

/** An archived project that is at work again. It may have been renamed or described on the way. */
export interface ProjectRestored {
  project: ProjectState;
  changed: string[];
  previous?: ProjectBefore;
}

/** A project as all its members see it, and as its events tell of it. */
export interface ProjectState {
  id: string;
  name: string;
  description: string | null;
  status: "active" | "archived";
  task_count: number;
  created_at: string;
  updated_at: string;
  owner_id: string;
  version: number;
}

/** `changed` names the fields that have a new value, `previous` holds the old ones but the description. */
export interface ProjectUpdated {
  project: ProjectState;
  changed: string[];
  previous?: ProjectBefore;
}

/** `position` sorts within the status, by its bytes. */
export interface Task {
  id: string;
  title: string;
  description: string | null;
  status: "todo" | "in_progress" | "done";
  assignee_id: string | null;
  due_on: string | null;
  labels: string[];
  position: string;
  version: number;
  created_by: string;
  created_at: string;
  updated_at: string;
}

/** Values from before, of those fields that changed. The description is not told again. */
export interface TaskBefore {
  title?: string;
  assignee_id?: string | null;
  due_on?: string | null;
  labels?: string[];
}

/** A new task, at the end of its status. */
export interface TaskCreated {
  task: Task;
}

/** A task that is gone. */
export interface TaskDeleted {
  task: TaskId;
}

export interface TaskId {
  id: string;
}

/**
 * A task at another place. `changed` names this and whatever else has a new value, `previous` is where it was.
 *
 * `positions` holds the new positions of other tasks, by their ids, when these had to make room.
 */
export interface TaskMoved {
  task: Task;
  changed: string[];
  previous?: PlaceBefore;
  positions?: Record<string, string> | null;
}

/** `changed` names the fields that have a new value, `previous` holds the old ones but the description. */
export interface TaskUpdated {
  task: Task;
  changed: string[];
  previous?: TaskBefore;
}

export interface Event<Type, Data> {
  type: Type;
  data: Data;
  id: string;
  project_id: string;
  offset: number;
  actor_id: string | null;
  at: string;
  version: number;
  mutation_id?: string | null;
}

export type ProjectEvent =
  | Event<"task.created", TaskCreated>
  | Event<"task.updated", TaskUpdated>
  | Event<"task.moved", TaskMoved>
  | Event<"task.deleted", TaskDeleted>
  | Event<"project.created", ProjectCreated>
  | Event<"project.updated", ProjectUpdated>
  | Event<"project.archived", ProjectArchived>
  | Event<"project.restored", ProjectRestored>
  | Event<"project.deleted", ProjectDeleted>
  | Event<"member.added", MemberAdded>
  | Event<"member.updated", MemberUpdated>
  | Event<"member.removed", MemberRemoved>;

export type OwnEvent =
  | Event<"notification.created", NotificationCreated>;
