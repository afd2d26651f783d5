/** Undoing this window's own last changes of a project, each by the opposite change. */

import type { Column, Member, ProjectEvent, Task } from "../api/shapes";
import { categoryNames } from "../texts/columns";
import * as texts from "../texts/undo";
import { type Change, conflicts, type Goal } from "./change";

const MOST = 50;

const DEEDS: Partial<Record<ProjectEvent["type"], string>> = {
  "task.moved": texts.others.moved,
  "task.deleted": texts.others.deleted,
  "task.restored": texts.others.restored,
};

/** A change without the stamp that it gets when it is sent. */
type Unstamped<C> = C extends unknown ? Omit<C, "mutation" | "task" | "made_at"> : never;
export type Deed = Unstamped<Change>;

/** The neighbours of a card before it was moved. */
export interface Place {
  after: string | null;
  before: string | null;
}

interface Step {
  change: Change;
  /** The task before the change; undefined for a new one. */
  was: Task | undefined;
  place: Place;
  /** What somebody else has done to the same since. */
  overtaken: { by: string | null; deed: string } | null;
}

/** What to do for an undo, and what to say of it; without a deed, why it can't be done. */
interface Undo {
  task: string;
  deed: Deed | null;
  words: string;
}

/** The same for one change, or for all of a bulk change, the last one first. */
export interface Undone {
  deeds: readonly { task: string; deed: Deed }[];
  words: string;
}

export class UndoStack {
  /** What was done at once: one change, or a bulk change. */
  private acts: Step[][] = [];
  /** The changes of this window, its undos included. Those of the person's other windows are somebody else's. */
  private readonly own = new Set<string>();

  /** Note a change that this window makes. One that undoes another can't be undone itself. */
  note(change: Change, was: Task | undefined, place: Place, isUndo: boolean): void {
    this.own.add(change.mutation);
    if (isUndo || (change.kind === "comment" && change.deed.do !== "delete")) return;
    const step = { change, was, place, overtaken: null };
    const last = this.acts.at(-1);
    if (change.bulk && last?.[0]?.change.bulk === change.bulk) last.push(step);
    else this.acts = [...this.acts, [step]].slice(-MOST);
  }

  /** Notice what others change. `realId` gives the server's id for one of this window. */
  hear(event: ProjectEvent, realId: (id: string) => string): void {
    if (!("task" in event.data) || (event.mutation_id && this.own.has(event.mutation_id))) return;
    const { id } = event.data.task;
    for (const step of this.acts.flat()) {
      if (realId(step.change.task) !== id || !touches(event, step.change)) continue;
      step.overtaken = { by: event.actor_id, deed: DEEDS[event.type] ?? texts.others.changed };
    }
  }

  /** Take the newest act off, or that of this mutation, and say how to undo it; null if there is none. */
  take(tasks: readonly Task[], members: ReadonlyMap<string, Member>, by: Looks, mutation?: string): Undone | null {
    while (true) {
      const index = mutation
        ? this.acts.findIndex((act) => act.some((step) => step.change.mutation === mutation))
        : this.acts.length - 1;
      const act = this.acts[index];
      if (!act) return null;
      this.acts = this.acts.toSpliced(index, 1);
      const byId = new Map(tasks.map((task) => [task.id, task]));
      const undos = undone(act, (step) => {
        const task = byId.get(by.realId(step.change.task));
        if (step.overtaken) return refused(step, task, step.overtaken.deed, nameOf(step.overtaken.by, members));
        return undoOf(step, task, by.columns);
      });
      if (undos.length > 0) return summed(undos, act.length > 1);
      // It was never made: look for the one before.
    }
  }
}

interface Looks {
  columns: readonly Column[];
  realId: (id: string) => string;
}

/** What was done, for the notice that offers to undo it; null for what needs none. */
export function wordsOf(change: Change, title: string, columns: readonly Column[]): string | null {
  switch (change.kind) {
    case "create":
    case "restore":
      return null;
    case "comment":
      return change.deed.do === "delete" ? texts.commentDeleted : null;
    case "edit":
      return texts.changed(Object.keys(change.fields), title);
    case "labels":
      return texts.changedLabels(title);
    case "move":
      return texts.moved(title, nameOfColumn(change, columns));
    case "delete":
      return texts.isInTrash(title);
  }
}

/** The same for several changes at once. */
export function wordsOfBulk(changes: readonly Change[], columns: readonly Column[]): string {
  const [first] = changes;
  const count = changes.length;
  switch (first?.kind) {
    case "create":
      return texts.manyAdded(count);
    case "move":
      return texts.manyMoved(count, nameOfColumn(first, columns));
    case "delete":
      return texts.manyTrashed(count);
    case "edit":
      return texts.manyChanged(count, Object.keys(first.fields));
    default:
      return texts.manyLabelled(count);
  }
}

/**
 * What undoing the act takes, from its end: a task that was moved goes back before what was below it, which is back by
 * then, or stays elsewhere and is passed over.
 */
function undone(act: readonly Step[], undo: (step: Step) => Undo | null): Undo[] {
  const moved = new Set(act.map((step) => step.change.task));
  const passedOver = new Map<string, string | null>();
  const undos: Undo[] = [];
  for (const step of act.toReversed()) {
    let { after, before } = step.place;
    while (before && passedOver.has(before)) before = passedOver.get(before)!;
    if (after && moved.has(after)) after = null;
    const found = undo({ ...step, place: { after, before } });
    if (!found?.deed) passedOver.set(step.change.task, before);
    if (found) undos.push(found);
  }
  return undos;
}

/** One answer to the person for all of them. */
function summed(undos: readonly Undo[], isBulk: boolean): Undone {
  const made = undos.filter((undo): undo is Undo & { deed: Deed } => undo.deed !== null);
  const deeds = made.map(({ task, deed }) => ({ task, deed }));
  if (!isBulk) return { deeds, words: undos[0]!.words };
  const kept = undos.filter((undo) => undo.deed === null);
  const done = made.length === 1 ? made[0]!.words : made.length > 0 ? texts.manyUndone(made.length) : "";
  const rest = kept.length === 1 ? kept[0]!.words : kept.length > 0 ? texts.manyStay(kept.length) : "";
  return { deeds, words: [done, rest].filter(Boolean).join(" ") };
}

/** Whether the event changes what the change has changed. */
function touches({ type, data }: ProjectEvent, change: Change): boolean {
  if (type === "task.deleted" || type === "task.restored") return true;
  const changed = type === "task.updated" || type === "task.moved" ? data.changed : [];
  switch (change.kind) {
    case "create":
      return changed.length > 0;
    case "edit":
      return changed.some((field) => field in change.fields);
    case "move":
      return type === "task.moved";
    default:
      return false;
  }
}

function undoOf({ change, was, place }: Step, task: Task | undefined, columns: readonly Column[]): Undo | null {
  const title = task?.title ?? was?.title ?? "";
  const told = (deed: Deed, words: string): Undo => ({ task: change.task, deed, words });
  if (change.kind === "delete") {
    return task || !was ? null : told({ kind: "restore", was }, texts.isBack(title));
  }
  if (!task) return null;
  const version = task.version || undefined; // 0: not sent yet
  switch (change.kind) {
    case "create":
      return told({ kind: "delete", version, base: contentOf(task) }, texts.isInTrash(title));
    case "edit":
      if (conflicts(task, change.fields).length > 0) return null;
      return told(
        { kind: "edit", fields: change.base, base: change.fields, version: task.version },
        texts.isAsItWas(title),
      );
    case "labels": {
      const had = new Set(was?.labels);
      const add = change.remove.filter((label) => had.has(label));
      const remove = change.add.filter((label) => !had.has(label));
      return told({ kind: "labels", add, remove }, texts.isAsItWas(title));
    }
    case "move": {
      if (!was || !isIn(task, change)) return null;
      const goal = { column: was.column_id, status: was.status };
      const base = { column_id: task.column_id };
      const words = texts.isBackIn(title, nameOfColumn(goal, columns));
      return told({ kind: "move", ...goal, ...place, version, base }, words);
    }
    case "comment": {
      const { comment, deed } = change;
      if (deed.do !== "delete" || !deed.was) return null;
      return told({ kind: "comment", comment, deed: { do: "restore", was: deed.was } }, texts.commentBack);
    }
    case "restore":
      return null;
  }
}

function refused({ change, was }: Step, task: Task | undefined, deed: string, who: string): Undo {
  const title = task?.title ?? was?.title ?? texts.theTask;
  return { task: change.task, deed: null, words: texts.stays(title, who, deed) };
}

/** What a deletion would lose. */
function contentOf({ title, description, column_id, assignee_id, due_on, labels }: Task): Partial<Task> {
  return { title, description, column_id, assignee_id, due_on, labels };
}

function isIn(task: Task, { column, status }: Goal): boolean {
  return column === undefined ? task.status === status : task.column_id === column;
}

function nameOfColumn({ column, status }: Goal, columns: readonly Column[]): string {
  return columns.find(({ id }) => id === column)?.name ?? categoryNames[status];
}

function nameOf(id: string | null, members: ReadonlyMap<string, Member>): string {
  return (id && members.get(id)?.name) || texts.somebody;
}
