/** One project while it is open in this window: its board, its people, and the ways in and out. */

import { effect, type ReadonlySignal, signal } from "@preact/signals";
import type { Session } from "../account/session";
import { newId } from "../api/identifier";
import type { ProjectEvent, Status, Task, User } from "../api/shapes";
import { Board } from "../state/board";
import type { Change, TaskFields } from "../state/change";
import { Company } from "../state/company";
import { deliver } from "../state/delivery";
import { Feed } from "../state/feed";
import { Outbox, type Refusal } from "../state/outbox";
import type { Link } from "./link";
import { ProjectChannel } from "./project_channel";
import { SignalChannel } from "./signal_channel";

/** A task that somebody else has just changed, for the ring around it. */
export interface Touch {
  user: string;
  offset: number;
}

const TOUCH_MS = 1_800;

export class OpenProject {
  readonly board: Board;
  readonly company: Company;
  readonly channel: ProjectChannel;
  readonly signals: SignalChannel;
  readonly outbox: Outbox;
  readonly feed: Feed;
  private readonly touchesSignal = signal<ReadonlyMap<string, Touch>>(new Map());
  private readonly endings: (() => void)[] = [];

  constructor(
    readonly id: string,
    private readonly user: User,
    readonly session: Session,
    link: Link,
    refused: (refusal: Refusal) => void,
  ) {
    this.board = new Board(user.id);
    this.company = new Company(user.id);
    this.channel = new ProjectChannel(id, this.board, this.company, session, link);
    this.signals = new SignalChannel(id, this.company, link);
    const send = session.request.bind(session);
    this.outbox = new Outbox(
      this.board,
      (change) => deliver(send, this.board, id, change),
      refused,
      sessionStorage,
      `roomful.outbox.${user.id}.${id}`,
    );
    this.feed = new Feed(id, (path) => session.request<ProjectEvent[]>("GET", path));
    this.endings.push(
      this.channel.onEvent((event) => {
        this.feed.hear(event);
        this.touch(event);
      }),
      effect(() => {
        if (link.state.value.kind === "live") this.outbox.wake();
      }),
    );
  }

  /** Tasks that others changed a moment ago. */
  get touches(): ReadonlySignal<ReadonlyMap<string, Touch>> {
    return this.touchesSignal;
  }

  close(): void {
    for (const end of this.endings) end();
    this.outbox.close();
    this.signals.close();
    this.channel.close();
  }

  create(title: string, status: Status): string {
    const task = `new-${newId()}`;
    this.outbox.add({ ...this.stamp(task), kind: "create", title, status, author: this.user.id });
    return task;
  }

  /** Change fields of the task; `base` holds what they were when the person began. */
  edit(task: Task, fields: Partial<TaskFields>, base: Partial<TaskFields>): void {
    this.outbox.add({ ...this.stamp(task.id), kind: "edit", fields, base, version: task.version });
  }

  /** Put the task between two others of a status; null is the end of the column. */
  move(task: string, status: Status, after: string | null, before: string | null): void {
    this.outbox.add({ ...this.stamp(task), kind: "move", status, after, before });
  }

  delete(task: string): void {
    this.outbox.add({ ...this.stamp(task), kind: "delete" });
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
