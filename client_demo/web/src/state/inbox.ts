/** The entries of one's inbox as one list shows them: the server's answer, and the events after it. */

import type { Notification, OwnEvent } from "../api/shapes";

export type Shelf = "inbox" | "unread" | "snoozed" | "archived";

/** The part of `/notifications` that a list shows. */
export interface Filter {
  shelf: Shelf;
  project: string | null;
}

/** The address of a list's first page. */
export function addressOf({ shelf, project }: Filter): string {
  const query = new URLSearchParams({ limit: "50" });
  if (shelf === "unread") query.set("unread", "true");
  if (shelf === "snoozed") query.set("snoozed", "true");
  if (shelf === "archived") query.set("archived", "true");
  if (project) query.set("project_id", project);
  return `notifications?${query}`;
}

export function belongs(entry: Notification, { shelf, project }: Filter): boolean {
  if (project && entry.project_id !== project) return false;
  if (shelf === "archived") return entry.archived_at !== null;
  if (entry.archived_at !== null) return false;
  if (shelf === "snoozed") return entry.snoozed_until !== null;
  if (entry.snoozed_until !== null) return false;
  return shelf === "inbox" || entry.read_at === null;
}

/** The list after an event; null if it has to be loaded again. */
export function withEvent(entries: Notification[], event: OwnEvent, filter: Filter): Notification[] | null {
  if (event.type === "notification.deleted") {
    const { project_id, subject } = event.data;
    return entries.filter((entry) => entry.project_id !== project_id || (subject && entry.subject.id !== subject.id));
  }
  const entry = event.data.notification;
  if (!entry) return null; // everything up to some offset was read
  return put(entries, entry, filter);
}

/** The list with an entry at its place, or without it. */
export function put(entries: Notification[], entry: Notification, filter: Filter): Notification[] {
  const others = entries.filter((other) => other.id !== entry.id);
  if (!belongs(entry, filter)) return others;
  const index = others.findIndex((other) => !isNewer(other, entry));
  return index < 0 ? [...others, entry] : [...others.slice(0, index), entry, ...others.slice(index)];
}

function isNewer(one: Notification, other: Notification): boolean {
  const [a, b] = [Date.parse(one.updated_at), Date.parse(other.updated_at)];
  return a > b || (a === b && one.id > other.id);
}
