/** Resources and events to test with. */

import type { Database } from "../src/account/device_database";
import type { Channel, Difference } from "../src/account/kept_map";
import type { Exclusive } from "../src/account/lock";
import { CATEGORIES, type Column, type Label, type ProjectEvent, type Snapshot, type Task } from "../src/api/shapes";
import { categoryNames } from "../src/texts/columns";

export const AT = "2026-01-02T03:04:05Z";
export const ADA = "ada";
export const BOB = "bob";

/** To do, In progress and Done, each with its category as its id. */
export const COLUMNS: Column[] = CATEGORIES.map((category, index) => ({
  id: category,
  name: categoryNames[category],
  category,
  color: null,
  wip_limit: null,
  position: `a${index}`,
  version: 1,
  created_at: AT,
  updated_at: AT,
}));

export const LABEL: Label = {
  id: "urgent",
  name: "urgent",
  color: "red",
  version: 1,
  created_at: AT,
  updated_at: AT,
};

export function task(id: string, changes: Partial<Task> = {}): Task {
  return {
    id,
    title: `Task ${id}`,
    description: null,
    status: "todo",
    column_id: changes.status ?? "todo",
    number: 1,
    assignee_id: null,
    due_on: null,
    labels: [],
    position: "a0",
    comment_count: 0,
    version: 1,
    created_by: ADA,
    created_at: AT,
    updated_at: AT,
    ...changes,
  };
}

export function snapshot(tasks: Task[] = [], offset = 10): Snapshot {
  const dated = { created_at: AT, updated_at: AT, version: 1 };
  return {
    project: {
      id: "p",
      name: "Apollo",
      key: "APOLLO",
      description: null,
      status: "active",
      task_count: tasks.length,
      owner_id: ADA,
      role: "owner",
      offset,
      ...dated,
    },
    members: [
      { user_id: ADA, name: "Ada", role: "owner", ...dated },
      { user_id: BOB, name: "Bob", role: "editor", ...dated },
    ],
    columns: COLUMNS,
    labels: [],
    tasks,
    documents: [],
    stream: { channel: "project:p", offset, epoch: "e1" },
  };
}

export function event(offset: number, type: string, data: object, more: object = {}): ProjectEvent {
  const body = {
    id: `event-${offset}`,
    type,
    project_id: "p",
    offset,
    actor_id: BOB,
    at: AT,
    version: 1,
    data,
    ...more,
  };
  return body as unknown as ProjectEvent; // of any type, also of a newer server
}

/** A `Storage` that lasts as long as the test. */
export class MemoryStorage implements Storage {
  private readonly items = new Map<string, string>();

  get length(): number {
    return this.items.size;
  }

  clear(): void {
    this.items.clear();
  }

  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }

  key(index: number): string | null {
    return [...this.items.keys()][index] ?? null;
  }

  removeItem(key: string): void {
    this.items.delete(key);
  }

  setItem(key: string, value: string): void {
    this.items.set(key, value);
  }
}

/** A `Database` that all tabs of one test share. */
export class MemoryDatabase implements Database {
  readonly stores = new Map<string, Map<string, unknown>>();
  isFull = false;

  async read(store: string): Promise<(readonly [string, unknown])[]> {
    return structuredClone([...this.store(store)]);
  }

  async get(store: string, key: string): Promise<unknown> {
    return structuredClone(this.store(store).get(key));
  }

  async write(store: string, set: ReadonlyMap<string, unknown>, gone: Iterable<string>): Promise<void> {
    if (this.isFull) throw new Error("no room");
    for (const [key, value] of set) this.store(store).set(key, structuredClone(value));
    for (const key of gone) this.store(store).delete(key);
  }

  async lease(): Promise<boolean> {
    return true;
  }

  store(name: string): Map<string, unknown> {
    const found = this.stores.get(name) ?? new Map<string, unknown>();
    this.stores.set(name, found);
    return found;
  }
}

/** What connects the tabs of one browser: each `channel()` is a tab's end. */
export class Browser {
  readonly database = new MemoryDatabase();
  private readonly ends: ((store: string, difference: Difference<unknown>) => void)[] = [];
  private last: Promise<unknown> = Promise.resolve();

  /** One lock for all tabs. */
  readonly alone: Exclusive = (work) => {
    const next = this.last.then(work);
    this.last = next.catch(() => undefined);
    return next;
  };

  channel(): Channel {
    const listeners = new Map<string, (difference: Difference<unknown>) => void>();
    const own = (store: string, difference: Difference<unknown>) => listeners.get(store)?.(difference);
    this.ends.push(own);
    return {
      post: (store, difference) => {
        for (const end of this.ends) if (end !== own) end(store, structuredClone(difference));
      },
      listen: (store, listener) => listeners.set(store, listener),
    };
  }
}
