/** Times and days in words. */

import { signal } from "@preact/signals";
import * as texts from "../texts/dates";

/** The present, for what is on screen: a component that says how long ago something was is drawn again as that ages. */
const present = signal(Date.now());
setInterval(() => {
  present.value = Date.now();
}, 20_000);

/** "yesterday" is a word of this interface; how a day is written is the reader's, as their browser says. */
const RELATIVE = new Intl.RelativeTimeFormat(texts.locale, { numeric: "auto", style: "long" });
const LOCALE = undefined;
const DAY = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short" });
const DAY_AND_YEAR = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short", year: "numeric" });
const FULL = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "short" });
const TIME = new Intl.DateTimeFormat(LOCALE, { timeStyle: "short" });

/** "3 minutes ago", "yesterday". */
export function ago(time: string, now = Math.max(present.value, Date.now())): string {
  const seconds = (Date.parse(time) - now) / 1000;
  if (!Number.isFinite(seconds)) return "";
  if (seconds > -45) return texts.justNow;
  if (seconds > -3_600) return RELATIVE.format(Math.round(seconds / 60), "minute");
  if (seconds > -86_400) return RELATIVE.format(Math.round(seconds / 3_600), "hour");
  if (seconds > -30 * 86_400) return RELATIVE.format(Math.round(seconds / 86_400), "day");
  return DAY_AND_YEAR.format(Date.parse(time));
}

export function moment(time: string): string {
  const at = Date.parse(time);
  return Number.isFinite(at) ? FULL.format(at) : "";
}

/** The time of a moment, with its day unless that is today. */
export function timeOf(at: number, now = Date.now()): string {
  return (new Date(at).toDateString() === new Date(now).toDateString() ? TIME : FULL).format(at);
}

/** A day without a time, `2026-01-31`. */
export function dayOf(day: string): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return day === "" ? texts.noDay : DAY_AND_YEAR.format(new Date(year, month - 1, date));
}

export interface Due {
  text: string;
  /** Past and today stand out, in words as well as in colour. */
  tone: "past" | "today" | "later";
}

/** A due day seen from today, both in the reader's own time zone. */
export function due(day: string, now = new Date()): Due {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  const then = new Date(year, month - 1, date);
  const today = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  const days = Math.round((then.getTime() - today.getTime()) / 86_400_000);
  const text = (then.getFullYear() === today.getFullYear() ? DAY : DAY_AND_YEAR).format(then);
  if (days < 0) return { text: texts.overdue(text), tone: "past" };
  if (days === 0) return { text: texts.today, tone: "today" };
  return { text: days === 1 ? texts.tomorrow : text, tone: "later" };
}
