/** Resources and events to test with. */

import type { ProjectEvent, Snapshot, Task } from "../src/api/shapes";

export const AT = "2026-01-02T03:04:05Z";
export const ADA = "ada";
export const BOB = "bob";

export function task(id: string, changes: Partial<Task> = {}): Task {
  return {
    id,
    title: `Task ${id}`,
    description: null,
    status: "todo",
    assignee_id: null,
    due_on: null,
    labels: [],
    position: "a0",
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
    tasks,
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
