/** The people in the project right now, where they point and which field they edit. */

import { batch, computed, type ReadonlySignal, signal } from "@preact/signals";
import * as common from "../texts/common";

/** A place on the board that fits every screen size: on a card, or in a column (then `y` is in pixels). */
export type Place = { task: string; x: number; y: number } | { column: string; x: number; y: number };

export interface Slot {
  column: string;
  before: string | null;
}

/** What one connection shows the others. It is repeated from time to time, for people who join later. */
export interface Gesture {
  /** Where the pointer is; null when it has left the board. */
  at?: Place | null;
  /** The task being dragged. */
  holds?: string | null;
  /** Where it would land: before that task, or at the column's end. */
  to?: Slot | null;
  /** The task and field being edited. */
  edits?: { task: string; field: string } | null;
}

interface ClientInfo {
  client: string;
  user: string;
  connInfo?: unknown;
}

interface Client {
  client: string;
  user: string;
  name: string;
}

export interface Person {
  user: string;
  name: string;
  isSelf: boolean;
}

export interface Pointer extends Client {
  gesture: Gesture;
  heard_at: number;
}

/** Who carries a task, or edits this field of it. */
export interface Doer extends Client {
  field: string | null;
}

/** A gesture that is not repeated for this long has ended: its sender may have lost the connection. */
const GESTURE_LIFETIME_MS = 12_000;

export class Presence {
  /** This connection's own id. */
  self: string | null = null;
  private readonly clients = signal<ReadonlyMap<string, Client>>(new Map());
  private readonly gestures = signal<ReadonlyMap<string, Pointer>>(new Map());
  /** For each question that is being asked, the joins and leaves since. */
  private readonly newer = new Set<(() => void)[]>();

  /** Everybody here, once for all their windows; the reader first, then by name. */
  readonly people: ReadonlySignal<Person[]> = computed(() => {
    const people = new Map<string, Person>();
    for (const { user, name } of this.clients.value.values()) {
      people.set(user, { user, name, isSelf: user === this.userId });
    }
    return [...people.values()].sort(
      (a, b) => Number(b.isSelf) - Number(a.isSelf) || a.name.localeCompare(b.name) || (a.user < b.user ? -1 : 1),
    );
  });

  readonly pointers: ReadonlySignal<Pointer[]> = computed(() =>
    [...this.gestures.value.values()].filter((pointer) => pointer.gesture.at),
  );

  /** Those who carry a card somewhere. */
  readonly carriers: ReadonlySignal<Pointer[]> = computed(() =>
    [...this.gestures.value.values()].filter((pointer) => pointer.gesture.holds && pointer.gesture.to),
  );

  /** Who carries which task. */
  readonly holders = steady(() => this.by((gesture) => gesture.holds));

  /** Who edits which task. */
  readonly writers = steady(() => this.by((gesture) => gesture.edits?.task));

  constructor(
    private readonly userId: string,
    private readonly now: () => number = Date.now,
  ) {}

  /** Replace the whole list, to which then `newer` changes are made. */
  load(clients: ClientInfo[], newer: readonly (() => void)[] = []): void {
    batch(() => {
      this.clients.value = new Map(clients.map((info) => [info.client, known(info)]));
      for (const change of newer) change();
      this.forgetOthers();
    });
  }

  /** Replace the whole list by the server's, which may be older than the joins and leaves that come meanwhile. */
  async ask(question: () => Promise<ClientInfo[]>): Promise<void> {
    const newer: (() => void)[] = [];
    this.newer.add(newer);
    try {
      this.load(await question(), newer);
    } finally {
      this.newer.delete(newer);
    }
  }

  join(info: ClientInfo): void {
    this.change(() => {
      this.clients.value = new Map(this.clients.value).set(info.client, known(info));
    });
  }

  /** A person's last connection is gone. `info` names one of their connections; all of them are gone. */
  leave(info: ClientInfo): void {
    this.change(() => {
      this.clients.value = new Map([...this.clients.value].filter(([, client]) => client.user !== info.user));
      this.forget((pointer) => pointer.user === info.user);
    });
  }

  clear(): void {
    this.clients.value = new Map();
    this.gestures.value = new Map();
  }

  /** Take a gesture. Its sender's identity comes from the server, never from the message. */
  receive(info: ClientInfo, gesture: Gesture): void {
    if (info.client === this.self) return;
    const client = this.clients.value.get(info.client) ?? known(info);
    const pointer = { ...client, gesture, heard_at: this.now() };
    this.gestures.value = new Map(this.gestures.value).set(info.client, pointer);
  }

  /** Drop gestures that are no longer repeated. */
  dropExpired(): void {
    const oldest = this.now() - GESTURE_LIFETIME_MS;
    this.forget((pointer) => pointer.heard_at < oldest);
  }

  private change(change: () => void): void {
    change();
    for (const newer of this.newer) newer.push(change);
  }

  private by(task: (gesture: Gesture) => string | null | undefined): Map<string, Doer> {
    const found = new Map<string, Doer>();
    for (const { gesture, client, user, name } of this.gestures.value.values()) {
      const id = task(gesture);
      if (id) found.set(id, { client, user, name, field: gesture.edits?.field ?? null });
    }
    return found;
  }

  private forgetOthers(): void {
    this.forget((pointer) => !this.clients.value.has(pointer.client));
  }

  private forget(isOver: (pointer: Pointer) => boolean): void {
    const rest = [...this.gestures.value].filter(([, pointer]) => !isOver(pointer));
    if (rest.length < this.gestures.value.size) this.gestures.value = new Map(rest);
  }
}

/** Computed people by task, the same objects until one changes: cards are drawn anew for another, and pointers move. */
function steady(compute: () => Map<string, Doer>): ReadonlySignal<ReadonlyMap<string, Doer>> {
  let last: ReadonlyMap<string, Doer> = new Map();
  return computed(() => {
    const next = compute();
    let isSame = next.size === last.size;
    for (const [task, doer] of next) {
      const was = last.get(task);
      if (was?.client === doer.client && was.name === doer.name && was.field === doer.field) next.set(task, was);
      else isSame = false;
    }
    if (!isSame) last = next;
    return last;
  });
}

function known(info: ClientInfo): Client {
  const name = (info.connInfo as { name?: unknown } | undefined)?.name;
  return { client: info.client, user: info.user, name: typeof name === "string" && name ? name : common.somebody };
}

/** The gesture in a message, or null if it has none: other clients may send anything. */
export function readGesture(data: unknown): Gesture | null {
  if (typeof data !== "object" || data === null) return null;
  const { at, holds, to, edits } = data as Record<string, unknown>;
  return {
    at: readPlace(at),
    holds: typeof holds === "string" ? holds : null,
    to: readSlot(to),
    edits: readEdits(edits),
  };
}

function readPlace(value: unknown): Place | null {
  if (typeof value !== "object" || value === null) return null;
  const { task, column, x, y } = value as Record<string, unknown>;
  if (!Number.isFinite(x) || !Number.isFinite(y)) return null;
  if (typeof task === "string") return { task, x: x as number, y: y as number };
  if (typeof column === "string") return { column, x: x as number, y: y as number };
  return null;
}

function readSlot(value: unknown): Slot | null {
  if (typeof value !== "object" || value === null) return null;
  const { column, before } = value as Record<string, unknown>;
  if (typeof column !== "string") return null;
  return { column, before: typeof before === "string" ? before : null };
}

function readEdits(value: unknown): Gesture["edits"] {
  if (typeof value !== "object" || value === null) return null;
  const { task, field } = value as Record<string, unknown>;
  return typeof task === "string" && typeof field === "string" ? { task, field } : null;
}
