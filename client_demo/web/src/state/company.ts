/** Who is in the project right now, where they point and what they are writing in. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";

/** A place on the board that means the same on every screen: on a card, or in a column (`y` in pixels then). */
export type Place = { task: string; x: number; y: number } | { column: string; x: number; y: number };

/** What one connection tells the others; small, and sent again from time to time so that late comers learn it. */
export interface Gesture {
  /** Where the pointer is; null when it has left the board. */
  at?: Place | null;
  /** The task being dragged. */
  holds?: string | null;
  /** The task and field being written in. */
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

/** A gesture that was not repeated for this long is over: its sender may have lost the connection. */
const GESTURE_LIFETIME_MS = 12_000;

export class Company {
  /** This connection's own id. */
  self: string | null = null;
  private readonly clients = signal<ReadonlyMap<string, Client>>(new Map());
  private readonly gestures = signal<ReadonlyMap<string, Pointer>>(new Map());

  /** Everybody here, once however many windows they have; oneself first, then by name. */
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

  /** Who holds which task. */
  readonly holders: ReadonlySignal<ReadonlyMap<string, Pointer>> = computed(() => this.by((gesture) => gesture.holds));

  /** Who writes in which task. */
  readonly writers: ReadonlySignal<ReadonlyMap<string, Pointer>> = computed(() =>
    this.by((gesture) => gesture.edits?.task),
  );

  constructor(
    private readonly userId: string,
    private readonly now: () => number = Date.now,
  ) {}

  /** Take the whole list of who is here. */
  meet(clients: ClientInfo[]): void {
    this.clients.value = new Map(clients.map((info) => [info.client, known(info)]));
    this.forgetOthers();
  }

  join(info: ClientInfo): void {
    this.clients.value = new Map(this.clients.value).set(info.client, known(info));
  }

  /** A person's last connection is gone. The server tells of people: which of their connections it was says nothing. */
  leave(info: ClientInfo): void {
    this.clients.value = new Map([...this.clients.value].filter(([, client]) => client.user !== info.user));
    this.forget((pointer) => pointer.user === info.user);
  }

  clear(): void {
    this.clients.value = new Map();
    this.gestures.value = new Map();
  }

  /** Hear what a connection says of itself. Who it is comes from the server, never from the message. */
  hear(info: ClientInfo, gesture: Gesture): void {
    if (info.client === this.self) return;
    const client = this.clients.value.get(info.client) ?? known(info);
    const pointer = { ...client, gesture, heard_at: this.now() };
    this.gestures.value = new Map(this.gestures.value).set(info.client, pointer);
  }

  /** Drop gestures that nobody repeats. */
  tidy(): void {
    const oldest = this.now() - GESTURE_LIFETIME_MS;
    this.forget((pointer) => pointer.heard_at < oldest);
  }

  private by(task: (gesture: Gesture) => string | null | undefined): Map<string, Pointer> {
    const found = new Map<string, Pointer>();
    for (const pointer of this.gestures.value.values()) {
      const id = task(pointer.gesture);
      if (id) found.set(id, pointer);
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

function known(info: ClientInfo): Client {
  const name = (info.connInfo as { name?: unknown } | undefined)?.name;
  return { client: info.client, user: info.user, name: typeof name === "string" && name ? name : "Somebody" };
}

/** What a message says, or null where it is not a gesture: other clients may say anything. */
export function readGesture(data: unknown): Gesture | null {
  if (typeof data !== "object" || data === null) return null;
  const { at, holds, edits } = data as Record<string, unknown>;
  return { at: readPlace(at), holds: typeof holds === "string" ? holds : null, edits: readEdits(edits) };
}

function readPlace(value: unknown): Place | null {
  if (typeof value !== "object" || value === null) return null;
  const { task, column, x, y } = value as Record<string, unknown>;
  if (!Number.isFinite(x) || !Number.isFinite(y)) return null;
  if (typeof task === "string") return { task, x: x as number, y: y as number };
  if (typeof column === "string") return { column, x: x as number, y: y as number };
  return null;
}

function readEdits(value: unknown): Gesture["edits"] {
  if (typeof value !== "object" || value === null) return null;
  const { task, field } = value as Record<string, unknown>;
  return typeof task === "string" && typeof field === "string" ? { task, field } : null;
}
