/** The inbox. */

import type { Notification } from "../api/events";

export const title = "Inbox";
export const readAll = "Mark all as read";
export const shelves = "Which notifications";
export const all = "All";
export const unread = "Unread";
export const snoozed = "Snoozed";
export const archived = "Archived";
export const project = "Project";
export const allProjects = "All projects";

export const shown = (count: number, unread: number) => `${count} shown, ${unread} unread`;
export const moreShown = (count: number, unread: number) => `${count} or more shown, ${unread} unread`;
export const notLoaded = "The inbox could not be loaded";
export const allRead = "All read";
export const nothing = "Nothing here";
const comes = "What is assigned to you, mentions you, or happens in what you watch comes here.";
export const whatComes = {
  inbox: comes,
  unread: comes,
  snoozed: "What you snooze waits here, and is back in the inbox at its time.",
  archived: "What you archive is kept here.",
};

// One notification.
export const notifications = "Notifications";
export const isUnread = ", unread";
export const events = (count: number) => `${count} events`;
export const back = (time: string) => `· back ${time}`;
const reasons: Record<Notification["reason"], string> = {
  mentioned: "mentioned you",
  assigned: "assigned it to you",
  replied: "replied to you",
  watching: "changed or discussed it",
  added: "added you to the project",
};
/** “Bob assigned it to you” */
export const sentence = (actor: string, reason: Notification["reason"]) => `${actor} ${reasons[reason]}`;

export const markRead = (title: string) => `Mark “${title}” as read`;
export const markUnread = (title: string) => `Mark “${title}” as unread`;
export const archive = (title: string) => `Archive “${title}”`;
export const unarchive = (title: string) => `Take “${title}” out of the archive`;
export const snooze = (title: string) => `Snooze “${title}”`;
export const unsnooze = (title: string) => `Show “${title}” again now`;
export const inAnHour = "In an hour";
export const tomorrow = "Tomorrow morning";
export const inAWeek = "In a week";
