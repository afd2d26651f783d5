/** Times and days in words. */

const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "long" });
const DAY = new Intl.DateTimeFormat("en", { day: "numeric", month: "short" });
const DAY_AND_YEAR = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", year: "numeric" });
const FULL = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

/** "3 minutes ago", "yesterday". */
export function ago(time: string, now = Date.now()): string {
  const seconds = (Date.parse(time) - now) / 1000;
  if (!Number.isFinite(seconds)) return "";
  if (seconds > -45) return "just now";
  if (seconds > -3_600) return RELATIVE.format(Math.round(seconds / 60), "minute");
  if (seconds > -86_400) return RELATIVE.format(Math.round(seconds / 3_600), "hour");
  if (seconds > -30 * 86_400) return RELATIVE.format(Math.round(seconds / 86_400), "day");
  return DAY_AND_YEAR.format(Date.parse(time));
}

export function moment(time: string): string {
  const at = Date.parse(time);
  return Number.isFinite(at) ? FULL.format(at) : "";
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
  if (days < 0) return { text: `Overdue, ${text}`, tone: "past" };
  if (days === 0) return { text: "Today", tone: "today" };
  return { text: days === 1 ? "Tomorrow" : text, tone: "later" };
}
