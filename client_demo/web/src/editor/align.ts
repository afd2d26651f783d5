/** What two sequences have in common. */

/** `old.slice(oldStart, oldEnd)` became `new.slice(newStart, newEnd)`, or is the same. */
export interface Stretch {
  isSame: boolean;
  oldStart: number;
  oldEnd: number;
  newStart: number;
  newEnd: number;
}

/** Beyond so many insertions and deletions the search would take seconds; what differs then counts as one stretch. */
const MOST_CHANGES = 1_000;
const MOST_PAIRS = 4_000;

/** Both sequences from start to end, in stretches that are the same or differ, with as few changes as possible. */
export function stretches(old: readonly string[], fresh: readonly string[]): Stretch[] {
  let front = 0;
  while (front < old.length && front < fresh.length && old[front] === fresh[front]) front++;
  let oldEnd = old.length;
  let newEnd = fresh.length;
  while (oldEnd > front && newEnd > front && old[oldEnd - 1] === fresh[newEnd - 1]) {
    oldEnd--;
    newEnd--;
  }
  const found: Stretch[] = [];
  let oldAt = 0;
  let newAt = 0;
  const same = (oldStart: number, newStart: number, length: number) => {
    if (oldStart > oldAt || newStart > newAt) {
      found.push({ isSame: false, oldStart: oldAt, oldEnd: oldStart, newStart: newAt, newEnd: newStart });
    }
    oldAt = oldStart + length;
    newAt = newStart + length;
    if (length > 0) found.push({ isSame: true, oldStart, oldEnd: oldAt, newStart, newEnd: newAt });
  };
  same(0, 0, front);
  for (const [oldStart, newStart, length] of common(old.slice(front, oldEnd), fresh.slice(front, newEnd))) {
    same(front + oldStart, front + newStart, length);
  }
  same(oldEnd, newEnd, old.length - oldEnd);
  return found;
}

/**
 * Which item of `old` became which of `fresh`, in order; those left out are gone, or new.
 *
 * The sum of likenesses is the greatest possible. Items of likeness 0 are never paired.
 */
export function pairs<T>(
  old: readonly T[],
  fresh: readonly T[],
  likeness: (one: T, other: T) => number,
): [number, number][] {
  const found: [number, number][] = [];
  if (old.length * fresh.length > MOST_PAIRS) {
    for (let n = 0; n < Math.min(old.length, fresh.length); n++)
      if (likeness(old[n]!, fresh[n]!) > 0) found.push([n, n]);
    return found;
  }
  const alike = old.map((one) => fresh.map((other) => likeness(one, other)));
  const best = Array.from({ length: old.length + 1 }, () => new Array<number>(fresh.length + 1).fill(0));
  const taken = (i: number, j: number) => (alike[i]![j]! > 0 ? alike[i]![j]! + best[i + 1]![j + 1]! : 0);
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = fresh.length - 1; j >= 0; j--) {
      best[i]![j] = Math.max(taken(i, j), best[i + 1]![j]!, best[i]![j + 1]!);
    }
  }
  for (let i = 0, j = 0; i < old.length && j < fresh.length; ) {
    if (alike[i]![j]! > 0 && best[i]![j] === taken(i, j)) found.push([i++, j++]);
    else if (best[i]![j] === best[i + 1]![j]) i++;
    else j++;
  }
  return found;
}

/** The common runs of the shortest difference (Myers, 1986), as [place in old, place in new, length]. */
function common(old: readonly string[], fresh: readonly string[]): [number, number, number][] {
  const most = Math.min(old.length + fresh.length, MOST_CHANGES);
  // By diagonal (place in old - place in new): how far into `old` so many changes reach.
  const reached = new Int32Array(2 * most + 3);
  const steps: Int32Array[] = [];
  const at = (diagonal: number) => diagonal + most + 1;
  for (let changes = 0; changes <= most; changes++) {
    steps.push(reached.slice());
    for (let diagonal = -changes; diagonal <= changes; diagonal += 2) {
      let x = isInsertion(reached, at(diagonal), diagonal, changes)
        ? reached[at(diagonal + 1)]!
        : reached[at(diagonal - 1)]! + 1;
      while (x < old.length && x - diagonal < fresh.length && old[x] === fresh[x - diagonal]) x++;
      reached[at(diagonal)] = x;
      if (x >= old.length && x - diagonal >= fresh.length) return walkBack(steps, at, old.length, fresh.length);
    }
  }
  return [];
}

function isInsertion(reached: Int32Array, at: number, diagonal: number, changes: number): boolean {
  return diagonal === -changes || (diagonal !== changes && reached[at - 1]! < reached[at + 1]!);
}

function walkBack(
  steps: readonly Int32Array[],
  at: (diagonal: number) => number,
  oldLength: number,
  newLength: number,
): [number, number, number][] {
  const runs: [number, number, number][] = [];
  let x = oldLength;
  let y = newLength;
  for (let changes = steps.length - 1; changes >= 0; changes--) {
    const reached = steps[changes]!;
    const diagonal = x - y;
    const isInserted = isInsertion(reached, at(diagonal), diagonal, changes);
    const before = isInserted ? reached[at(diagonal + 1)]! : reached[at(diagonal - 1)]!;
    const start = changes === 0 ? 0 : isInserted ? before : before + 1;
    if (x > start) runs.unshift([start, start - diagonal, x - start]);
    x = before;
    y = changes === 0 ? 0 : before - (isInserted ? diagonal + 1 : diagonal - 1);
  }
  return runs;
}
