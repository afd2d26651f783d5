/** Documents kept on this device: a database for each history, and a note for each window with unsaved changes. */

import { databaseNames, deleteDatabase } from "./device_database";

const DATABASE = "roomful";
const NOTE = "roomful.unsaved";

/** Where a document is kept. A replica of another history (`generation`) must never be merged into this one. */
export class Kept {
  constructor(
    private readonly userId: string,
    private readonly documentId: string,
    readonly generation: string,
    private readonly storage: Storage = localStorage,
  ) {}

  get name(): string {
    return [DATABASE, this.userId, this.documentId, this.generation].join(":");
  }

  /** The notes of all windows that have left changes unsaved. */
  notes(): string[] {
    return Object.keys(this.storage).filter((key) => key.startsWith(`${this.note}.`));
  }

  has(window: number): boolean {
    return this.storage.getItem(`${this.note}.${window}`) !== null;
  }

  /** Note that a window has changes that the server lacks; `window` is the number of its replica. */
  write(window: number): void {
    this.storage.setItem(`${this.note}.${window}`, "1");
  }

  /** Everything of this window is stored. `others` are the notes of earlier windows, whose changes it has loaded. */
  erase(window: number, others: readonly string[]): void {
    for (const key of [`${this.note}.${window}`, ...others]) this.storage.removeItem(key);
  }

  /** Forget the text on this device. */
  async forget(): Promise<void> {
    for (const key of this.notes()) this.storage.removeItem(key);
    await deleteDatabase(this.name);
  }

  private get note(): string {
    return [NOTE, this.userId, this.documentId, this.generation].join(".");
  }
}

/** The histories of a document that are kept here, or those of all documents. Not every browser can list them. */
export async function keptHistories(userId: string, documentId = ""): Promise<Kept[]> {
  const databases = await databaseNames();
  return databases
    .map((name) => name.split(":"))
    .filter(([kind, user, id]) => kind === DATABASE && user === userId && (id === documentId || !documentId))
    .map(([, , id = "", generation = ""]) => new Kept(userId, id, generation));
}

/** Forget a person's documents when they sign out. Text that was never saved waits for their next sign-in. */
export async function forgetDocuments(userId: string): Promise<void> {
  for (const kept of await keptHistories(userId)) {
    if (kept.notes().length === 0) await kept.forget();
  }
}
