/** The boards that a person opened last, kept on this device so that they open without a network. */

import type { Snapshot } from "../api/shapes";
import { type Database, databaseNames, deleteDatabase, openDatabase } from "./device_database";

export interface KeptBoard {
  snapshot: Snapshot;
  /** When this was the state, by this device's clock. */
  seen_at: number;
}

const NAME = "roomful.boards";
const BOARDS = "boards";
const MOST = 5;
/** An older board says too little, and a person who was away for so long has to sign in again. */
const LONGEST_MS = 30 * 86_400_000;

/**
 * One person's, in a database of its own, which nobody else's sign-in opens. A sign-out deletes it, here or elsewhere.
 *
 * Failures are left out: a browser that stores nothing shows no board without a network.
 */
export class KeptBoards {
  private database: Promise<Database | null> | null = null;

  constructor(
    private readonly userId: string,
    private readonly now: () => number = Date.now,
    private readonly openNamed: typeof openDatabase = openDatabase,
  ) {}

  /** Keep a board, and delete those that are too many or too old. */
  async keep(snapshot: Snapshot): Promise<void> {
    const { id } = snapshot.project;
    const stay = new Set([id]);
    for (const kept of await this.list()) if (stay.size < MOST) stay.add(kept.snapshot.project.id);
    const gone = (await this.read()).map(([key]) => key).filter((key) => !stay.has(key));
    const board: KeptBoard = { snapshot, seen_at: this.now() };
    await (await this.open())?.write(BOARDS, new Map([[id, board]]), gone).catch(() => undefined);
  }

  async find(projectId: string): Promise<KeptBoard | null> {
    return (await this.list()).find((kept) => kept.snapshot.project.id === projectId) ?? null;
  }

  /** Those that are not too old, newest first. */
  async list(): Promise<KeptBoard[]> {
    return (await this.read())
      .map(([, record]) => record as KeptBoard)
      .filter(({ seen_at }) => this.now() - seen_at < LONGEST_MS)
      .sort((a, b) => b.seen_at - a.seen_at);
  }

  async forget(projectId: string): Promise<void> {
    await (await this.open())?.write(BOARDS, new Map(), [projectId]).catch(() => undefined);
  }

  private async read(): Promise<(readonly [string, unknown])[]> {
    return (await (await this.open())?.read(BOARDS).catch(() => [])) ?? [];
  }

  /** Opened when it is first needed, so that a sign-out finds nothing that somebody opens again. */
  private open(): Promise<Database | null> {
    this.database ??= this.openNamed(`${NAME}:${this.userId}`, [BOARDS]);
    return this.database;
  }
}

/** Delete the boards of everybody but this person. `last` is who was signed in until now: not every browser can list. */
export async function forgetBoards(except: string | null, last: string | null = null): Promise<void> {
  const people = (await databaseNames()).map((name) => name.split(":")).filter(([kind]) => kind === NAME);
  for (const user of new Set([...people.map(([, user = ""]) => user), ...(last ? [last] : [])])) {
    if (user !== except) deleteDatabase(`${NAME}:${user}`).catch(() => undefined);
  }
}
