/** The colours of people. */

import type { Member } from "../api/shapes";

/** As many as the style sheet has. */
export const HUES = 8;

/** The colour that a person has where no project says otherwise. */
export function ownHue(user: string): number {
  let sum = 0;
  for (const character of user) sum = (sum * 31 + character.codePointAt(0)!) >>> 0;
  return sum % HUES;
}

/**
 * The colours of a project's members: their own, or the next that is free, so that the first eight differ.
 *
 * Who came earlier chooses first: a new member changes nobody's colour.
 */
export function huesOf(members: readonly Member[]): ReadonlyMap<string, number> {
  const hues = new Map<string, number>();
  const taken = new Set<number>();
  for (const { user_id } of members.toSorted(byArrival)) {
    let hue = ownHue(user_id);
    while (taken.has(hue) && taken.size < HUES) hue = (hue + 1) % HUES;
    taken.add(hue);
    hues.set(user_id, hue);
  }
  return hues;
}

function byArrival(a: Member, b: Member): number {
  return Date.parse(a.created_at) - Date.parse(b.created_at) || (a.user_id < b.user_id ? -1 : 1);
}
