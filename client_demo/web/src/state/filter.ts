/** Which tasks of a project a person wants to see; its form in an address. */

import type { Task } from "../api/shapes";
import { dueNames } from "../texts/filter";

export type DueFilter = keyof typeof dueNames;

export interface Filter {
  /** Words that each have to be in the task's title, description, labels or number. */
  text: string;
  /** A member's id, or `NOBODY`. */
  person: string | null;
  label: string | null;
  /** Compared with the reader's own day. Done tasks are not due any more. */
  due: DueFilter | null;
  column: string | null;
}

export const NOBODY = "nobody";
export const NO_FILTER: Filter = { text: "", person: null, label: null, due: null, column: null };
export const MOST_TEXT = 200;

/** The parts of an address that say it, in this order: `text=fuel&person=…&label=urgent&due=week&column=…`. */
export function filterToQuery(filter: Filter): [string, string][] {
  const { text, person, label, due, column } = filter;
  const parts: [string, string | null][] = [
    ["text", text.trim()],
    ["person", person],
    ["label", label],
    ["due", due],
    ["column", column],
  ];
  return parts.filter((part): part is [string, string] => Boolean(part[1]));
}

/** The filter that an address names. `mine` in it means the reader; what it gets wrong is left out. */
export function filterFromQuery(query: URLSearchParams, reader: string): Filter {
  const due = query.get("due");
  return {
    text: (query.get("text") ?? "").slice(0, MOST_TEXT),
    person: query.has("mine") ? reader : query.get("person") || null,
    label: query.get("label") || null,
    due: due !== null && Object.hasOwn(dueNames, due) ? (due as DueFilter) : null,
    column: query.get("column") || null,
  };
}

export function isFiltering(filter: Filter): boolean {
  return filterToQuery(filter).length > 0;
}

/** Whether every task that `next` shows is one that `last` shows, so that only those need be looked at. */
export function isNarrower(next: Filter, last: Filter): boolean {
  const { person, label, due, column } = last;
  const isSame = (a: string | null, b: string | null) => b === null || a === b;
  return (
    next.text.startsWith(last.text) &&
    isSame(next.person, person) &&
    isSame(next.label, label) &&
    isSame(next.due, due) &&
    isSame(next.column, column)
  );
}

/** The filter's test for one task. `projectKey` is that of its number, `today` the reader's day as `2026-01-31`. */
export function testOf(filter: Filter, projectKey: string, today: string): (task: Task) => boolean {
  const { person, label, due, column } = filter;
  const words = wordsOf(filter.text);
  const isDue = due && dueTest(due, today);
  return (task) => {
    if (column !== null && task.column_id !== column) return false;
    if (person !== null && (task.assignee_id ?? NOBODY) !== person) return false;
    if (label !== null && !task.labels.includes(label)) return false;
    if (isDue && !isDue(task)) return false;
    return words.length === 0 || hasAll(textOf(task, projectKey), words);
  };
}

function dueTest(due: DueFilter, today: string): (task: Task) => boolean {
  const [first, last] = weekOf(today);
  const test: Record<DueFilter, (day: string | null) => boolean> = {
    overdue: (day) => day !== null && day < today,
    today: (day) => day === today,
    week: (day) => day !== null && day >= first && day <= last,
    none: (day) => day === null,
  };
  return ({ status, due_on }) => status !== "done" && test[due](due_on);
}

/** Monday and Sunday of the day's week (ISO 8601): the same for everybody who opens the address. */
function weekOf(day: string): [string, string] {
  const monday = new Date(`${day}T00:00:00Z`);
  monday.setUTCDate(monday.getUTCDate() - ((monday.getUTCDay() + 6) % 7));
  const sunday = new Date(monday);
  sunday.setUTCDate(sunday.getUTCDate() + 6);
  return [monday.toISOString().slice(0, 10), sunday.toISOString().slice(0, 10)];
}

interface Searched {
  projectKey: string;
  text: string;
}

/** A task is another object once anything in it has changed. */
const searched = new WeakMap<Task, Searched>();

/** What is searched of a task, as `plain` has it. */
export function textOf(task: Task, projectKey: string): string {
  const known = searched.get(task);
  if (known?.projectKey === projectKey) return known.text;
  const number = task.number > 0 ? `${projectKey}-${task.number} #${task.number}` : "";
  const text = plain([task.title, number, ...task.labels, task.description ?? ""].join("\n"));
  searched.set(task, { projectKey, text });
  return text;
}

/** What somebody looks for, as `plain` has it. */
export function wordsOf(text: string): string[] {
  return plain(text).split(/\s+/).filter(Boolean);
}

/** Whether each of the words is in the text; both as `plain` has them. */
export function hasAll(text: string, words: readonly string[]): boolean {
  return words.every((word) => text.includes(word));
}

/** Without case and accents: “Öl” is found by “ol”. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase();
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
