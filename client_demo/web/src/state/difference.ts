/** What differs between texts, word by word, and the text that two changes of one make together. */

/** A stretch of a text; `isOwn` if the other text lacks it. */
export interface Stretch {
  text: string;
  isOwn: boolean;
}

/** `from` to `to` of the base becomes `words`. */
interface Hunk {
  from: number;
  to: number;
  words: string[];
}

/** Beyond it, everything between the common beginning and the common end counts as different. */
const MOST_CELLS = 1_000_000;

const WORDS = /\s+|[\p{L}\p{N}\p{M}_]+|./gsu;

/** Both texts, each with what the other one lacks. */
export function compare(left: string, right: string): { left: Stretch[]; right: Stretch[] } {
  const words = { left: split(left), right: split(right) };
  const pairs = common(words.left, words.right);
  return {
    left: stretches(words.left, new Set(pairs.map(([index]) => index))),
    right: stretches(words.right, new Set(pairs.map(([, index]) => index))),
  };
}

/** The base with the changes of both, or null where they changed the same place in different ways. */
export function merge(base: string, theirs: string, mine: string): string | null {
  const words = split(base);
  const hunks: Hunk[] = [];
  const all = [...hunksOf(words, split(theirs)), ...hunksOf(words, split(mine))];
  for (const hunk of all.sort((a, b) => a.from - b.from || a.to - b.to)) {
    const last = hunks.at(-1);
    if (last && same(last, hunk)) continue;
    if (last && hunk.from <= last.to) return null;
    hunks.push(hunk);
  }
  const merged = [...words];
  for (const { from, to, words } of hunks.reverse()) merged.splice(from, to - from, ...words);
  return merged.join("");
}

function split(text: string): string[] {
  return text.match(WORDS) ?? [];
}

function stretches(words: readonly string[], shared: ReadonlySet<number>): Stretch[] {
  const found: Stretch[] = [];
  words.forEach((word, index) => {
    const isOwn = !shared.has(index);
    const last = found.at(-1);
    if (last?.isOwn === isOwn) last.text += word;
    else found.push({ text: word, isOwn });
  });
  return found;
}

function hunksOf(base: readonly string[], next: readonly string[]): Hunk[] {
  const hunks: Hunk[] = [];
  let [from, start] = [0, 0];
  for (const [to, end] of [...common(base, next), [base.length, next.length] as const]) {
    if (to > from || end > start) hunks.push({ from, to, words: next.slice(start, end) });
    [from, start] = [to + 1, end + 1];
  }
  return hunks;
}

/** A longest common subsequence, as pairs of indexes. */
function common(a: readonly string[], b: readonly string[]): (readonly [number, number])[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const pairs: (readonly [number, number])[] = [];
  for (let index = 0; index < start; index += 1) pairs.push([index, index]);
  pairs.push(...commonBetween(a, b, start, a.length - end, b.length - end));
  for (let index = end; index > 0; index -= 1) pairs.push([a.length - index, b.length - index]);
  return pairs;
}

function commonBetween(
  a: readonly string[],
  b: readonly string[],
  start: number,
  endA: number,
  endB: number,
): (readonly [number, number])[] {
  const [rows, columns] = [endA - start, endB - start];
  if (rows * columns > MOST_CELLS) return [];
  // lengths[i][j]: of the longest common subsequence of a from i and b from j.
  const width = columns + 1;
  const lengths = new Uint32Array((rows + 1) * width);
  for (let i = rows - 1; i >= 0; i -= 1) {
    for (let j = columns - 1; j >= 0; j -= 1) {
      lengths[i * width + j] =
        a[start + i] === b[start + j]
          ? lengths[(i + 1) * width + j + 1]! + 1
          : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
    }
  }
  const pairs: (readonly [number, number])[] = [];
  let [i, j] = [0, 0];
  while (i < rows && j < columns) {
    if (a[start + i] === b[start + j]) pairs.push([start + i++, start + j++]);
    else if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) i += 1;
    else j += 1;
  }
  return pairs;
}

function same(a: Hunk, b: Hunk): boolean {
  return a.from === b.from && a.to === b.to && a.words.join("") === b.words.join("");
}
