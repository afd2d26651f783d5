/** Records on this device, in IndexedDB: they outlive a closed tab, a crash and a sign-out. */

const VERSION = 1;

/** Stores of records by key. */
export interface Database {
  read(store: string): Promise<(readonly [string, unknown])[]>;
  get(store: string, key: string): Promise<unknown>;
  /** All of it or nothing. Resolves once it is on the device. */
  write(store: string, set: ReadonlyMap<string, unknown>, gone: Iterable<string>): Promise<void>;
  /** Take or renew a lease; false while another owner has it. Atomic among all tabs. */
  lease(name: string, owner: string, until: number): Promise<boolean>;
}

const LEASES = "leases";

/** Open the database, or return null where the browser stores nothing. On a busy device that takes seconds. */
export async function openDatabase(name: string, stores: readonly string[]): Promise<Database | null> {
  try {
    return await DeviceDatabase.open(name, stores);
  } catch {
    return null;
  }
}

/** Of all databases here; none where the browser stores nothing or can't list them. */
export async function databaseNames(): Promise<string[]> {
  try {
    return (await indexedDB.databases()).map(({ name }) => name ?? "");
  } catch {
    return [];
  }
}

/** Resolves once it is gone. Waits for other tabs to close it. */
export function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });
}

class DeviceDatabase implements Database {
  private constructor(private readonly database: IDBDatabase) {
    database.onversionchange = () => database.close();
  }

  static async open(name: string, stores: readonly string[]): Promise<DeviceDatabase> {
    const request = indexedDB.open(name, VERSION);
    request.onupgradeneeded = () => {
      for (const store of [...stores, LEASES]) request.result.createObjectStore(store);
    };
    return new DeviceDatabase(await answerOf(request));
  }

  async read(store: string): Promise<(readonly [string, unknown])[]> {
    const records = this.database.transaction(store).objectStore(store);
    const [keys, values] = await Promise.all([answerOf(records.getAllKeys()), answerOf(records.getAll())]);
    return keys.map((key, index) => [String(key), values[index]] as const);
  }

  get(store: string, key: string): Promise<unknown> {
    return answerOf(this.database.transaction(store).objectStore(store).get(key));
  }

  write(store: string, set: ReadonlyMap<string, unknown>, gone: Iterable<string>): Promise<void> {
    return new Promise((resolve, reject) => {
      // Strict: flushed to the disk, so that a power cut doesn't take it back.
      const transaction = this.database.transaction(store, "readwrite", { durability: "strict" });
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
      const records = transaction.objectStore(store);
      for (const [key, value] of set) records.put(value, key);
      for (const key of gone) records.delete(key);
      transaction.commit(); // now: a page that is being closed would not get to it
    });
  }

  async lease(name: string, owner: string, until: number): Promise<boolean> {
    const leases = this.database.transaction(LEASES, "readwrite").objectStore(LEASES);
    const held = (await answerOf(leases.get(name))) as { owner: string; until: number } | undefined;
    if (held && held.owner !== owner && held.until > Date.now()) return false;
    await answerOf(leases.put({ owner, until }, name));
    return true;
  }
}

function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
