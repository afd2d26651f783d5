/** What changed between two contents, as one content that has both, with what came and what went marked. */

import { pairs, type Stretch, stretches } from "./align";
import type { Change, ContentNode } from "./content";

/** Other attributes, such as the width of a column, are nothing to read. */
const SHOWN_ATTRIBUTES = ["level", "checked", "start", "src", "alt", "id", "label"];
const DEFAULTS = new Map<string, unknown>([
  ["start", 1],
  ["checked", false],
]);
/** Nodes that say nothing while they are empty. */
const VESSELS =
  /^(paragraph|heading|codeBlock|blockquote|(bullet|ordered|task)List|(list|task)Item|table(Row|Cell|Header)?)$/;
const CELLS = ["tableCell", "tableHeader"];
/** Blocks with a smaller share of words in common are different ones. */
const LEAST_LIKENESS = 0.25;

/** The difference, or null if nothing has changed of what is shown. */
export function differenceOf(old: ContentNode, fresh: ContentNode): ContentNode | null {
  const content = insideOf(old.content ?? [], fresh.content ?? []);
  return content.some(hasChange) ? { type: "doc", content } : null;
}

/** How many places came, and how many went. */
export function countChanges({ change, content }: ContentNode): Record<Change, number> {
  const count = { inserted: 0, deleted: 0 };
  if (change) return { ...count, [change]: 1 };
  for (const child of content ?? []) {
    const { inserted, deleted } = countChanges(child);
    count.inserted += inserted;
    count.deleted += deleted;
  }
  return count;
}

function hasChange({ change, content }: ContentNode): boolean {
  return change !== undefined || (content?.some(hasChange) ?? false);
}

/** The children of a node that had others. */
function insideOf(old: readonly ContentNode[], fresh: readonly ContentNode[]): ContentNode[] {
  if ([...old, ...fresh].some(isInline)) return differenceOfWords(wordsOf(old), wordsOf(fresh));
  if (old.length === fresh.length && fresh.some(isCell)) return fresh.map((cell, index) => paired(old[index]!, cell));
  const found: ContentNode[] = [];
  for (const { isSame, oldStart, oldEnd, newStart, newEnd } of stretches(old.map(keyOf), fresh.map(keyOf))) {
    const came = fresh.slice(newStart, newEnd);
    found.push(...(isSame ? came : differenceOfBlocks(old.slice(oldStart, oldEnd), came)));
  }
  return found;
}

function paired(old: ContentNode, fresh: ContentNode): ContentNode {
  return { ...fresh, content: insideOf(old.content ?? [], fresh.content ?? []) };
}

/** Blocks that changed into others: those with words in common show the words that differ. */
function differenceOfBlocks(old: readonly ContentNode[], fresh: readonly ContentNode[]): ContentNode[] {
  const found: ContentNode[] = [];
  let oldAt = 0;
  let newAt = 0;
  const until = (oldEnd: number, newEnd: number) => {
    found.push(...old.slice(oldAt, oldEnd).flatMap((block) => marked(block, "deleted")));
    found.push(...fresh.slice(newAt, newEnd).flatMap((block) => marked(block, "inserted")));
    oldAt = oldEnd + 1;
    newAt = newEnd + 1;
  };
  for (const [one, other] of pairs(old.map(sampleOf), fresh.map(sampleOf), likeness)) {
    until(one, other);
    found.push(paired(old[one]!, fresh[other]!));
  }
  until(old.length, fresh.length);
  return found;
}

interface Sample {
  kind: string;
  words: Map<string, number>;
  size: number;
}

function sampleOf(block: ContentNode): Sample {
  const words = new Map<string, number>();
  let size = 0;
  const visit = (node: ContentNode) => {
    for (const child of node.content ?? []) visit(child);
    for (const word of isInline(node) ? wordsOf([node]) : []) {
      if (!isSaying(word)) continue;
      size++;
      words.set(word.key, (words.get(word.key) ?? 0) + 1);
    }
  };
  visit(block);
  return { kind: JSON.stringify([block.type, shownAttributes(block)]), words, size };
}

/** The share of common words. Blocks of different kinds are never the same one. */
function likeness(one: Sample, other: Sample): number {
  if (one.kind !== other.kind) return 0;
  let both = 0;
  for (const [word, count] of one.words) both += Math.min(count, other.words.get(word) ?? 0);
  const share = both / Math.max(one.size, other.size, 1);
  return share >= LEAST_LIKENESS ? share : 0;
}

/** A word, a space, a sign, or a node in the line such as a mention. */
interface Word {
  key: string;
  node: ContentNode;
}

const SEGMENTER = new Intl.Segmenter(undefined, { granularity: "word" });

function wordsOf(nodes: readonly ContentNode[]): Word[] {
  return nodes.flatMap((node) => {
    if (node.text === undefined) return [{ key: keyOf(node), node }];
    return Array.from(SEGMENTER.segment(node.text), ({ segment }) => {
      const word = { ...node, text: segment };
      return { key: keyOf(word), node: word };
    });
  });
}

/** Not just a space or a sign between words. */
function isSaying({ node }: Word): boolean {
  return node.text === undefined || /[\p{L}\p{N}\p{S}]/u.test(node.text);
}

function differenceOfWords(old: readonly Word[], fresh: readonly Word[]): ContentNode[] {
  const keys = (words: readonly Word[]) => words.map((word) => word.key);
  return withoutIslands(stretches(keys(old), keys(fresh)), fresh).flatMap((each) => {
    const went = textsOf(old.slice(each.oldStart, each.oldEnd));
    const came = textsOf(fresh.slice(each.newStart, each.newEnd));
    return each.isSame ? came : [...wrapped("deleted", went), ...wrapped("inserted", came)];
  });
}

/** Joins changes that have only spaces and signs between them: three words replaced are one change, not three. */
function withoutIslands(all: readonly Stretch[], fresh: readonly Word[]): Stretch[] {
  const joined: Stretch[] = [];
  all.forEach((each, index) => {
    const isInner = index > 0 && index < all.length - 1;
    const isIsland = each.isSame && isInner && !fresh.slice(each.newStart, each.newEnd).some(isSaying);
    const last = joined.at(-1);
    if (last && !last.isSame && (isIsland || !each.isSame)) {
      last.oldEnd = each.oldEnd;
      last.newEnd = each.newEnd;
    } else joined.push({ ...each });
  });
  return joined;
}

/** Words as nodes, joined where their marks are the same. */
function textsOf(words: readonly Word[]): ContentNode[] {
  const found: ContentNode[] = [];
  for (const { node } of words) {
    const last = found.at(-1);
    if (last?.text !== undefined && node.text !== undefined && marksOf(last) === marksOf(node)) last.text += node.text;
    else found.push({ ...node });
  }
  return found;
}

/** A block that came or went as a whole: its words are marked, or it is where it has none. */
function marked(block: ContentNode, change: Change): ContentNode[] {
  const { content = [] } = block;
  if (content.length === 0) {
    if (!VESSELS.test(block.type)) return wrapped(change, [block]);
    return change === "inserted" ? [block] : [];
  }
  const inside = content.some(isInline) ? wrapped(change, content) : content.flatMap((child) => marked(child, change));
  return [{ ...block, content: inside }];
}

function wrapped(change: Change, content: ContentNode[]): ContentNode[] {
  return content.length > 0 ? [{ type: change, change, content }] : [];
}

function isInline({ type }: ContentNode): boolean {
  return type === "text" || type === "mention" || type === "hardBreak";
}

function isCell({ type }: ContentNode): boolean {
  return CELLS.includes(type);
}

/** Nodes with the same key look the same. */
function keyOf(node: ContentNode): string {
  return JSON.stringify(looksOf(node));
}

function looksOf(node: ContentNode): unknown {
  if (node.text !== undefined) return [node.text, marksOf(node)];
  return [node.type, shownAttributes(node), (node.content ?? []).map(looksOf)];
}

function shownAttributes({ attrs }: ContentNode): unknown[] {
  return SHOWN_ATTRIBUTES.map((name) => attrs?.[name] ?? DEFAULTS.get(name) ?? null);
}

function marksOf({ marks }: ContentNode): string {
  return (marks ?? [])
    .map(({ type, attrs }) => `${type} ${attrs?.href ?? ""}`)
    .sort()
    .join();
}
