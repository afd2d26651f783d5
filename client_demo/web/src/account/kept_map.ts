/** A person's records of one kind: at hand in memory, kept on this device, and the same in all tabs. */

import { type ReadonlySignal, signal } from "@preact/signals";
import type { Database } from "./device_database";

/** Records that are new or different, and the keys of those that are gone. `note` tells listeners why. */
export interface Difference<T> {
  set: readonly (readonly [string, T])[];
  gone: readonly string[];
  note?: unknown;
}

/** Carries differences to this person's other tabs, in order. */
export interface Channel {
  post(store: string, difference: Difference<unknown>): void;
  listen(store: string, listener: (difference: Difference<unknown>) => void): void;
}

/** What is worth waiting for the device: some browsers refuse to store anything and never say so. */
const LONGEST_WAIT_MS = 3_000;

export class KeptMap<T> {
  /** Resolves when what was kept before is here, or does not come soon. Until it is here the map has what came since. */
  readonly loaded: Promise<void>;
  private readonly entries = signal<ReadonlyMap<string, T>>(new Map());
  private readonly failed = signal(false);
  private readonly listeners = new Set<(difference: Difference<T>) => void>();
  /** Keys that were changed before the map was loaded. */
  private readonly early = new Set<string>();
  /** Those of them that were changed here by who did not know what is kept, since it did not come soon. */
  private readonly unknowing = new Set<string>();
  private state: "loading" | "overdue" | "loaded" = "loading";
  private unwritten: Difference<T>[] = [];
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: string,
    private readonly database: Promise<Database | null>,
    private readonly channel: Channel,
    /** Where a record stays that comes when another one is in its place already. Without it such a record is lost. */
    private readonly beside?: (kept: T) => readonly [string, T],
  ) {
    channel.listen(store, (difference) => this.take(difference as Difference<T>));
    this.loaded = soon(this.load()).then(() => {
      if (this.state === "loading") this.state = "overdue";
    });
  }

  get all(): ReadonlySignal<ReadonlyMap<string, T>> {
    return this.entries;
  }

  /** Whether some records are only in memory, since the device takes no more. */
  get hasFailed(): ReadonlySignal<boolean> {
    return this.failed;
  }

  /** Call the listener with every difference: of this tab, of other tabs, and with what was kept before. */
  onChange(listener: (difference: Difference<T>) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Change records here at once, on the device soon, then in the other tabs. */
  change(difference: Difference<T>): void {
    this.unwritten.push(difference);
    if (this.state === "overdue") for (const key of keysOf(difference)) this.unknowing.add(key);
    this.take(difference);
    this.writing = this.writing.then(() => this.write());
  }

  /** Resolves when all changes so far are on the device, or don't come there soon. */
  written(): Promise<void> {
    return soon(this.writing);
  }

  /** The record as the device has it now, whatever other tabs have done. */
  async fresh(key: string): Promise<T | undefined> {
    const here = this.entries.peek().get(key);
    if (this.late().has(key)) return here;
    const database = await this.database;
    return database ? ((await database.get(this.store, key)) as T | undefined) : here;
  }

  /** Forget a record that another tab has removed, before that tab says so. */
  drop(key: string): void {
    const rest = new Map(this.entries.peek());
    rest.delete(key);
    this.entries.value = rest;
  }

  /** What is not on the device yet: null for records that are gone. */
  late(): Map<string, T | null> {
    const net = new Map<string, T | null>();
    for (const { set, gone } of this.unwritten) {
      for (const [key, value] of set) net.set(key, value);
      for (const key of gone) net.set(key, null);
    }
    return net;
  }

  private async load(): Promise<void> {
    const database = await this.database;
    if (!database) return;
    try {
      const kept = (await database.read(this.store)) as (readonly [string, T])[];
      this.state = "loaded";
      this.take({ set: kept.filter(([key]) => !this.early.has(key)), gone: [] });
      const { beside } = this;
      const overtaken = kept.filter(([key]) => this.unknowing.has(key));
      if (beside && overtaken.length > 0) this.change({ set: overtaken.map(([, record]) => beside(record)), gone: [] });
    } catch {
      this.failed.value = true;
    }
  }

  private take(difference: Difference<T>): void {
    const next = new Map(this.entries.peek());
    for (const [key, value] of difference.set) next.set(key, value);
    for (const key of difference.gone) next.delete(key);
    for (const key of keysOf(difference)) this.early.add(key);
    this.entries.value = next;
    for (const listener of this.listeners) listener(difference);
  }

  /** Changes that come while one is written, typed letters for instance, become one write. */
  private async write(): Promise<void> {
    const database = await this.database;
    const batch = [...this.unwritten];
    if (batch.length === 0) return;
    try {
      const net = [...this.late()];
      const set = net.filter((entry): entry is [string, T & {}] => entry[1] !== null);
      const gone = net.filter(([, value]) => value === null).map(([key]) => key);
      await database?.write(this.store, new Map(set), gone);
    } catch {
      this.failed.value = true;
      return; // tried again with the next change
    }
    this.failed.value = false;
    this.unwritten.splice(0, batch.length);
    if (database) for (const difference of batch) this.channel.post(this.store, difference);
  }
}

function keysOf({ set, gone }: Difference<unknown>): string[] {
  return [...set.map(([key]) => key), ...gone];
}

async function soon(work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, LONGEST_WAIT_MS);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
