/** Work that only one tab of this browser does at a time. */

import { newId } from "../api/identifier";
import type { Database } from "./device_database";

/** Runs `work` while no other tab does. */
export type Exclusive = <T>(work: () => Promise<T>) => Promise<T>;

/** What the database may take to open. */
const LONGEST_OPENING_MS = 3_000;
/** Longer than a request and the renewal of its token may take. A tab that crashes holds the others up for as long. */
const LEASE_MS = 45_000;
const LOOK_AGAIN_MS = 250;

/** By the browser's locks, or on plain HTTP, where it offers none, by a lease in the database. */
export function exclusiveBy(name: string, database: Promise<Database | null>): Exclusive {
  if ("locks" in navigator) return (work) => navigator.locks.request(name, work) as ReturnType<typeof work>;
  const owner = newId();
  return async (work) => {
    const late = new Promise<null>((resolve) => setTimeout(resolve, LONGEST_OPENING_MS, null));
    const leases = await Promise.race([database, late]);
    if (!leases) return work(); // nothing is stored, so tabs have nothing in common
    while (!(await leases.lease(name, owner, Date.now() + LEASE_MS))) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
    try {
      return await work();
    } finally {
      await leases.lease(name, owner, 0);
    }
  };
}
