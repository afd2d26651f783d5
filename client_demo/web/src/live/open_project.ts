/** One project while it is open in this window: its board, its presence, and its connections to the server. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { KeptBoards } from "../account/kept_boards";
import type { Session } from "../account/session";
import { newId } from "../api/identifier";
import type { Column, Comment, ProjectEvent, Task, User } from "../api/shapes";
import { Board } from "../state/board";
import type { Change, Goal, NewTask, TaskFields } from "../state/change";
import { byPosition } from "../state/columns";
import type { CommentDeed } from "../state/comment_change";
import { Discussion } from "../state/discussion";
import { Feed } from "../state/feed";
import { spelled } from "../state/labels";
import type { Outbox } from "../state/outbox";
import { Presence } from "../state/presence";
import { Selection } from "../state/selection";
import { type Deed, type Place, UndoStack } from "../state/undo";
import * as common from "../texts/common";
import * as undoTexts from "../texts/undo";
import type { Link } from "./link";
import { ProjectChannel } from "./project_channel";
import { SignalChannel } from "./signal_channel";

/** Somebody else's change of a task a moment ago, for the ring around the card. */
export interface Touch {
  user: string;
  offset: number;
}

/** Told of what this window has just done, a change or a bulk change, with the first task's title. */
type Done = (changes: readonly Change[], title: string) => void;

/** A change to a task that exists. */
export interface TaskDeed {
  task: string;
  deed: Deed;
}

const TOUCH_MS = 1_800;
/** Fewer changes are made before anybody could read how far they are. */
const MANY = 10;

export class OpenProject {
  readonly board: Board;
  readonly presence: Presence;
  readonly channel: ProjectChannel;
  readonly signals: SignalChannel;
  readonly feed: Feed;
  readonly selection: Selection;
  /** How far the present bulk change is, if it is of many tasks. */
  readonly bulk: ReadonlySignal<{ done: number; total: number } | null> = computed(() => {
    const [left, total] = [this.board.waitingInBulk.value, this.bulkTotal.value];
    return left > 0 && total >= MANY ? { done: Math.max(0, total - left), total } : null;
  });
  private readonly bulkTotal = signal(0);
  private discussion: Discussion | null = null;
  private readonly steps = new UndoStack();
  private readonly doneListeners = new Set<Done>();
  private readonly touchesSignal = signal<ReadonlyMap<string, Touch>>(new Map());
  private readonly endings: (() => void)[] = [];

  constructor(
    readonly id: string,
    private readonly user: User,
    readonly session: Session,
    link: Link,
    readonly outbox: Outbox,
  ) {
    this.board = new Board(user.id, (here, task) => outbox.name(here, task));
    this.selection = new Selection((id) => this.board.lastingId(id));
    this.presence = new Presence(user.id);
    this.channel = new ProjectChannel(id, this.board, this.presence, session, link, new KeptBoards(user.id));
    this.signals = new SignalChannel(id, this.presence, link);
    this.feed = new Feed(id, (path) => session.request<ProjectEvent[]>("GET", path));
    this.board.commentMade = (change) => this.discussion?.settle(change);
    this.endings.push(
      this.channel.onEvent((event) => {
        this.feed.hear(event);
        this.discussion?.hear(event);
        this.steps.hear(event, (id) => this.board.realId(id));
        this.touch(event);
      }),
      outbox.attach(id, this.board),
    );
  }

  /** Tasks that others changed a moment ago. */
  get touches(): ReadonlySignal<ReadonlyMap<string, Touch>> {
    return this.touchesSignal;
  }

  close(): void {
    for (const end of this.endings) end();
    this.signals.close();
    this.channel.close();
  }

  create(title: string, column: Column): string {
    return this.createAll([{ title }], column)[0]!;
  }

  /** Make several tasks in a column, in this order. Returns their ids of this window. */
  createAll(tasks: readonly NewTask[], column: Column): string[] {
    const bulk = tasks.length > 1 ? newId() : undefined;
    const author = this.user.id;
    const made = tasks.map(
      (task): Change => ({ ...this.stamp(`new-${newId()}`), bulk, kind: "create", ...task, ...goal(column), author }),
    );
    this.send(made);
    return made.map((change) => change.task);
  }

  /** Change several tasks: shown at once, told of once, undone together. */
  changeAll(deeds: readonly TaskDeed[]): void {
    const bulk = deeds.length > 1 ? newId() : undefined;
    this.send(deeds.map(({ task, deed }) => ({ ...this.stamp(task), bulk, ...deed }) as Change));
  }

  /** Change fields of the task; `base` holds their values when the person began. */
  edit(task: Task, fields: Partial<TaskFields>, base: Partial<TaskFields>): void {
    this.send([{ ...this.stamp(task.id), kind: "edit", fields, base, version: task.version }]);
  }

  /** Change the set of labels, whatever others do to it. */
  label(task: string, change: { add?: readonly string[]; remove?: readonly string[] }): void {
    const add = spelled(this.board.visible.value?.labels ?? [], change.add ?? []);
    this.send([{ ...this.stamp(task), kind: "labels", add, remove: change.remove ?? [] }]);
  }

  /** Put the task between two others of a column; null is an end of it. */
  move(task: string, column: Column, after: string | null, before: string | null): void {
    this.send([{ ...this.stamp(task), kind: "move", ...goal(column), after, before }]);
  }

  delete(task: string): void {
    this.send([{ ...this.stamp(task), kind: "delete" }]);
  }

  /** The comments of a task, current until those of another one are asked for. */
  discuss(task: string): Discussion {
    if (this.discussion?.taskId !== task) {
      const get = (path: string) => this.session.request<Comment[]>("GET", path);
      this.discussion = new Discussion(task, this.id, this.board.changes, get);
    }
    return this.discussion;
  }

  /** Add a comment, or a reply to the first one of a thread. */
  comment(task: string, body: string, parent: string | null): void {
    const deed: CommentDeed = { do: "add", body, parent, author: this.user.id };
    this.send([{ ...this.stamp(task), kind: "comment", comment: `new-${newId()}`, deed }]);
  }

  changeComment(comment: Comment, deed: CommentDeed): void {
    this.send([{ ...this.stamp(comment.task_id), kind: "comment", comment: comment.id, deed }]);
  }

  /** Undo the newest change of this window, or this one. Returns what was done, or why nothing was. */
  undo(mutation?: string): string {
    const { board } = this;
    const { tasks, columns } = board.visible.value ?? { tasks: [], columns: [] };
    const looks = { columns, realId: (id: string) => board.realId(id) };
    const undo = this.steps.take(tasks, board.members.value, looks, mutation);
    const isOwnComment = undo?.deeds[0]?.deed.kind === "comment"; // also of somebody who only reads
    if (!board.canEdit.value && !isOwnComment) return undoTexts.cannotChange;
    const bulk = undo && undo.deeds.length > 1 ? newId() : undefined;
    const changes = undo?.deeds.map(({ task, deed }) => ({ ...this.stamp(task), bulk, ...deed }) as Change) ?? [];
    this.send(changes, { isUndo: true });
    return undo?.words ?? common.nothingToUndo;
  }

  /** Call the listener with each change that this window makes, but for undos. */
  onDone(listener: Done): () => void {
    this.doneListeners.add(listener);
    return () => this.doneListeners.delete(listener);
  }

  private send(given: readonly Change[], { isUndo = false } = {}): void {
    if (given.length === 0) return;
    const changes = given.map((change) => this.board.real(change));
    const tasks = this.board.visible.value?.tasks ?? [];
    const places = neighbours(tasks);
    for (const change of changes) {
      const was = tasks.find((task) => task.id === change.task);
      this.steps.note(change, was, places.get(change.task) ?? NOWHERE, isUndo);
    }
    if (changes.length > 1)
      this.bulkTotal.value = changes.length + (this.board.waitingInBulk.value && this.bulkTotal.value);
    this.outbox.add(this.id, changes);
    if (isUndo) return;
    const [first] = changes;
    const titleIn = (all: readonly Task[] | undefined) => all?.find((task) => task.id === first!.task)?.title;
    const title = titleIn(this.board.visible.value?.tasks) ?? titleIn(tasks) ?? "";
    for (const listener of this.doneListeners) listener(changes, title);
  }

  private stamp(task: string): Pick<Change, "mutation" | "task" | "made_at"> {
    return { mutation: newId(), task, made_at: new Date().toISOString() };
  }

  private touch(event: ProjectEvent): void {
    if (!("task" in event.data) || !event.actor_id || event.actor_id === this.user.id || event.type === "task.deleted")
      return;
    const task = event.data.task.id;
    const touch = { user: event.actor_id, offset: event.offset };
    this.touchesSignal.value = new Map(this.touchesSignal.value).set(task, touch);
    setTimeout(() => {
      if (this.touchesSignal.value.get(task) !== touch) return; // touched again since
      const rest = new Map(this.touchesSignal.value);
      rest.delete(task);
      this.touchesSignal.value = rest;
    }, TOUCH_MS);
  }
}

function goal({ id, category }: Column): Goal {
  return { column: id, status: category };
}

const NOWHERE: Place = { after: null, before: null };

/** The neighbours of every task. */
function neighbours(tasks: readonly Task[]): Map<string, Place> {
  const sorted = tasks.toSorted((a, b) =>
    a.column_id < b.column_id ? -1 : a.column_id > b.column_id ? 1 : byPosition(a, b),
  );
  const beside = (index: number, task: Task) => {
    const other = sorted[index];
    return other?.column_id === task.column_id ? other.id : null;
  };
  return new Map(
    sorted.map((task, index) => [task.id, { after: beside(index - 1, task), before: beside(index + 1, task) }]),
  );
}
