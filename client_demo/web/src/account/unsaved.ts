/** What a person has written on this device and the server lacks: drafts, and changes that wait to be sent. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { aside, type Draft, Drafts } from "../state/drafts";
import type { Waiting } from "../state/outbox";
import { type Database, openDatabase } from "./device_database";
import { type Channel, type Difference, KeptMap } from "./kept_map";
import { type Exclusive, exclusiveBy } from "./lock";

const NAME = "roomful.unsaved";
const DRAFTS = "drafts";
const CHANGES = "changes";

/**
 * One person's, in a database of its own, which nobody else's sign-in opens. A sign-out leaves it there.
 *
 * Exists once per person and page, and is never closed: the last letters are written while a page goes away.
 */
export class Unsaved {
  readonly drafts: Drafts;
  readonly changes: KeptMap<Waiting>;
  /** Runs the work of the outbox in one tab at a time. */
  readonly alone: Exclusive;
  private readonly kept: KeptMap<Draft>;
  /** Until the database is open, which some browsers never allow, nothing is kept. */
  private readonly isMissing = signal(true);
  private readonly hasRead = signal(false);
  /** Resolves when what was kept before is here, or does not come soon. */
  readonly read: Promise<void>;

  private constructor(private readonly userId: string) {
    const name = `${NAME}:${userId}`;
    const database = openDatabase(name, [DRAFTS, CHANGES]);
    const channel = new TabChannel(name, database);
    this.kept = new KeptMap(DRAFTS, database, channel, aside);
    this.changes = new KeptMap(CHANGES, database, channel);
    this.drafts = new Drafts(this.kept);
    this.alone = exclusiveBy(name, database);
    void database.then((found) => {
      this.isMissing.value = found === null;
    });
    this.read = Promise.all([this.kept.loaded, this.changes.loaded]).then(() => {
      this.hasRead.value = true;
    });
    this.restore(DRAFTS, this.kept);
    this.restore(CHANGES, this.changes);
    window.addEventListener("pagehide", () => {
      this.rescue(DRAFTS, this.kept);
      this.rescue(CHANGES, this.changes);
    });
    window.addEventListener("beforeunload", (event) => {
      if (!this.isKept.value && this.size.value > 0) event.preventDefault();
    });
  }

  /** The person's, the same for the whole life of the page. */
  static of(userId: string): Unsaved {
    const found = people.get(userId) ?? new Unsaved(userId);
    people.set(userId, found);
    return found;
  }

  /** Whether the person may write: before that, their first letter would replace a text that is kept. */
  get isRead(): ReadonlySignal<boolean> {
    return this.hasRead;
  }

  /** Whether a closed tab loses nothing. */
  readonly isKept: ReadonlySignal<boolean> = computed(
    () => !this.isMissing.value && !this.kept.hasFailed.value && !this.changes.hasFailed.value,
  );

  /** How many drafts and changes there are. */
  readonly size: ReadonlySignal<number> = computed(() => this.kept.all.value.size + this.changes.all.value.size);

  /** Forget everything, as the person asks for. */
  forget(): void {
    for (const map of [this.kept, this.changes]) map.change({ set: [], gone: [...map.all.peek().keys()] });
  }

  /** The page goes away now: a synchronous store takes what the database has not confirmed. */
  private rescue<T>(store: string, map: KeptMap<T>): void {
    const late = [...map.late()];
    if (late.length === 0) return;
    try {
      localStorage.setItem(this.lateKey(store), JSON.stringify([...this.rescued(store), ...late]));
    } catch {
      // Full or forbidden; the database may still take it.
    }
  }

  private restore<T>(store: string, map: KeptMap<T>): void {
    const late = this.rescued(store) as [string, T | null][];
    if (late.length === 0) return;
    const set = late.filter((entry): entry is [string, T & {}] => entry[1] !== null);
    map.change({ set, gone: late.filter(([, value]) => value === null).map(([key]) => key) });
    void map.written().then(() => {
      if (map.late().size === 0) localStorage.removeItem(this.lateKey(store));
    });
  }

  private rescued(store: string): [string, unknown][] {
    try {
      const found: unknown = JSON.parse(localStorage.getItem(this.lateKey(store)) ?? "[]");
      return Array.isArray(found) ? (found as [string, unknown][]) : [];
    } catch {
      return [];
    }
  }

  private lateKey(store: string): string {
    return `${NAME}.late.${this.userId}.${store}`;
  }
}

const people = new Map<string, Unsaved>();

interface Message {
  store: string;
  difference: Difference<unknown>;
}

/** To the tabs of the same browser. Without a database they have nothing in common. */
class TabChannel implements Channel {
  private readonly channel: BroadcastChannel;
  private readonly listeners = new Map<string, (difference: Difference<unknown>) => void>();

  constructor(name: string, database: Promise<Database | null>) {
    this.channel = new BroadcastChannel(name);
    this.channel.onmessage = async ({ data }: MessageEvent<Message>) => {
      if (await database) this.listeners.get(data.store)?.(data.difference);
    };
  }

  post(store: string, difference: Difference<unknown>): void {
    this.channel.postMessage({ store, difference } satisfies Message);
  }

  listen(store: string, listener: (difference: Difference<unknown>) => void): void {
    this.listeners.set(store, listener);
  }
}
