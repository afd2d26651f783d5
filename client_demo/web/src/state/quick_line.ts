/** A line that a person wrote for a new task: its title, and the labels, person and day that are marked in it. */

import type { Member } from "../api/shapes";
import { dayIn } from "./due_words";

const LONGEST_LABEL = 50;
const MOST_LABELS = 20;
const MOST_WORDS_OF_A_DAY = 3;

/** Something recognised. A backslash put `at` this place of the whole text keeps it text. */
export type Mark = { at: number } & (
  | { kind: "label"; label: string }
  | { kind: "person"; person: Member }
  | { kind: "due"; day: string }
);

export interface Line {
  written: string;
  title: string;
  marks: readonly Mark[];
}

export interface Known {
  /** Labels with spaces are recognised when they are here. */
  labels: readonly string[];
  people: readonly Member[];
  locale: string;
  today: Date;
}

/** A word of the title, and where it is in the whole text. */
interface Word {
  text: string;
  at: number;
  /** What separates it from the word before: nothing for a comma after a mark. */
  space: "" | " ";
}

/** The lines of the text that are not empty. Of several ones, the bullets and numbers of a pasted list are left out. */
export function readLines(text: string, known: Known): Line[] {
  const lines = [...text.matchAll(/[^\n]+/g)].filter(([line]) => line.trim() !== "");
  return lines.map(({ 0: line, index }) => {
    const bullet = lines.length > 1 ? (/^\s*(?:[-*+•–]|\d+[.)])\s+(?:\[[ xX]\]\s+)?/.exec(line)?.[0] ?? "") : "";
    return readLine(line.slice(bullet.length), index + bullet.length, known);
  });
}

function readLine(written: string, start: number, known: Known): Line {
  const marks: Mark[] = [];
  const words: Word[] = [];
  for (let at = 0; at < written.length; ) {
    const space = /^\s+/.exec(written.slice(at))?.[0].length ?? 0;
    at += space;
    const rest = written.slice(at);
    if (rest === "") break;
    const found = markAt(rest, marks, known);
    if (found) marks.push({ ...found.mark, at: start + at });
    else words.push({ text: /^\S+/.exec(rest)![0], at: start + at, space: space > 0 || at === 0 ? " " : "" });
    at += found?.length ?? words.at(-1)!.text.length;
  }
  const due = takeDay(words, known);
  if (due) marks.push(due);
  const title = words
    .map(({ text, space }) => space + text.replace(/^\\(?=[#@])/, ""))
    .join("")
    .trim();
  // A line of marks alone is a title.
  return title === "" ? { written, title: written.trim(), marks: [] } : { written, title, marks };
}

type Found = { mark: { kind: "label"; label: string } | { kind: "person"; person: Member }; length: number };

function markAt(rest: string, marks: readonly Mark[], { labels, people }: Known): Found | null {
  const sign = rest[0];
  if (sign === "#" && marks.filter((mark) => mark.kind === "label").length < MOST_LABELS) return labelAt(rest, labels);
  if (sign === "@" && !marks.some((mark) => mark.kind === "person")) return personAt(rest, people);
  return null;
}

/** `#supplies`, a known label with spaces, or `#"needs review"`. A number alone is none. */
function labelAt(rest: string, labels: readonly string[]): Found | null {
  const told = longest(rest.slice(1), labels, (label) => label);
  if (told) return { mark: { kind: "label", label: told }, length: told.length + 1 };
  const quoted = /^#"([^"]+)"/.exec(rest);
  const [whole, label] = quoted ?? /^#([^\s#@]*[^\s#@.,;:!?)])/.exec(rest) ?? [];
  if (!whole || !label || !/\p{L}/u.test(label) || label.trim() === "" || [...label].length > LONGEST_LABEL)
    return null;
  return { mark: { kind: "label", label: label.trim() }, length: whole.length };
}

/** `@Bob Baker`, or as much of a name's first word as only one person has. */
function personAt(rest: string, people: readonly Member[]): Found | null {
  const named = longest(rest.slice(1), people, (person) => person.name);
  if (named) return { mark: { kind: "person", person: named }, length: named.name.length + 1 };
  const given = /^@([^\s@]*[^\s@.,;:!?)])/.exec(rest)?.[1];
  if (!given) return null;
  const firstOf = (person: Member) => person.name.split(/\s/)[0]!.toLowerCase();
  const sought = given.toLowerCase();
  const same = people.filter((person) => firstOf(person) === sought);
  const similar = same.length > 0 ? same : people.filter((person) => firstOf(person).startsWith(sought));
  return similar.length === 1 ? { mark: { kind: "person", person: similar[0]! }, length: given.length + 1 } : null;
}

/** The longest name that the text begins with, as whole words. */
function longest<T extends string | Member>(text: string, all: readonly T[], nameOf: (one: T) => string): T | null {
  const lower = text.toLowerCase();
  const fits = all.filter((one) => {
    const name = nameOf(one).toLowerCase();
    return name !== "" && lower.startsWith(name) && !/^[\p{L}\p{N}_-]/u.test(lower.slice(name.length));
  });
  return fits.reduce<T | null>((best, one) => (best && nameOf(best).length >= nameOf(one).length ? best : one), null);
}

/** Take the day off the end of the title, with a `due` before it. A title is left. */
function takeDay(words: Word[], { locale, today }: Known): Mark | null {
  for (let count = Math.min(MOST_WORDS_OF_A_DAY, words.length); count > 0; count--) {
    const last = words.slice(-count);
    const phrase = last.map((word) => word.text).join(" ");
    const isKept = phrase.startsWith("\\");
    const day = dayIn(isKept ? phrase.slice(1) : phrase, locale, today);
    if (!day) continue;
    if (isKept) {
      words[words.length - count] = { ...last[0]!, text: last[0]!.text.slice(1) };
      return null;
    }
    const isDue = /^due:?$/i.test(words.at(-count - 1)?.text ?? "");
    if (words.length <= count + (isDue ? 1 : 0)) return null;
    words.splice(-count - (isDue ? 1 : 0));
    return { kind: "due", day, at: last[0]!.at };
  }
  return null;
}
