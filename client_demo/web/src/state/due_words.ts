/** Days as people write them at the end of a line: `tomorrow`, `fri`, `24.12.`, `24 Dec`, `in 3 days`, `2026-12-24`. */

interface Names {
  /** From 0, Sunday. */
  weekdays: ReadonlyMap<string, number>;
  /** From 0, January. */
  months: ReadonlyMap<string, number>;
  /** Days from today. */
  relative: ReadonlyMap<string, number>;
  isMonthFirst: boolean;
}

const EARLIEST_YEAR = 1900;
const DAYS_OF = { day: 1, week: 7 } as const;
const known = new Map<string, Names>();

/** The day that the words name, as `2026-12-24`, or null. One without a year is the next; a weekday is after today. */
export function dayIn(words: string, locale: string, today: Date): string | null {
  const text = words.toLowerCase();
  const names = namesOf(locale);
  const ahead = names.relative.get(text) ?? namesOf("en").relative.get(text) ?? stepsIn(text);
  if (ahead !== null) return dayAhead(today, ahead);
  const weekday = find(text.replace(/^next /, ""), locale, "weekdays");
  if (weekday !== null) {
    const until = (weekday - today.getDay() + 6) % 7;
    return dayAhead(today, until + 1);
  }
  return dateIn(text, locale, today);
}

/** So many days from today. */
export function dayAhead(today: Date, days: number): string {
  return stringOf(today.getFullYear(), today.getMonth(), today.getDate() + days);
}

/** `in 3 days`, `next week`. */
function stepsIn(text: string): number | null {
  if (text === "next week") return 7;
  const [, count, unit] = /^in (\d{1,3}) (day|week)s?$/.exec(text) ?? [];
  return count ? Number(count) * DAYS_OF[unit as keyof typeof DAYS_OF] : null;
}

function dateIn(text: string, locale: string, today: Date): string | null {
  const iso = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (iso) return checked(Number(iso[1]), Number(iso[2]) - 1, Number(iso[3]));
  const dotted = /^(\d{1,2})\.(\d{1,2})\.(\d{4}|\d\d)?$/.exec(text);
  if (dotted) return nextOf(dotted[3], Number(dotted[2]) - 1, Number(dotted[1]), today);
  const slashed = /^(\d{1,2})\/(\d{1,2})(?:\/(\d{4}|\d\d))?$/.exec(text);
  if (slashed) {
    const [first, second] = [Number(slashed[1]), Number(slashed[2])];
    const [month, day] = namesOf(locale).isMonthFirst ? [first, second] : [second, first];
    return nextOf(slashed[3], month - 1, day, today);
  }
  const named = /^(\d{1,2})(?:\.|st|nd|rd|th)? ([^\d\s]+?)\.?(?: (\d{4}))?$/.exec(text);
  const turned = /^([^\d\s]+?)\.? (\d{1,2})(?:st|nd|rd|th)?(?:,? (\d{4}))?$/.exec(text);
  const [name, day, year] = named ? [named[2], named[1], named[3]] : [turned?.[1], turned?.[2], turned?.[3]];
  const month = name ? find(name, locale, "months") : null;
  return month === null ? null : nextOf(year, month, Number(day), today);
}

function find(name: string, locale: string, kind: "weekdays" | "months"): number | null {
  return namesOf(locale)[kind].get(name) ?? namesOf("en")[kind].get(name) ?? null;
}

/** With its year, or the first such day from today on. */
function nextOf(year: string | undefined, month: number, day: number, today: Date): string | null {
  if (year) return checked(year.length === 2 ? 2000 + Number(year) : Number(year), month, day);
  const present = stringOf(today.getFullYear(), today.getMonth(), today.getDate());
  const thisYear = checked(today.getFullYear(), month, day);
  if (thisYear && thisYear >= present) return thisYear;
  return checked(today.getFullYear() + 1, month, day);
}

/** Null for the 31st of April. */
function checked(year: number, month: number, day: number): string | null {
  const date = new Date(year, month, day);
  return year >= EARLIEST_YEAR && date.getMonth() === month && date.getDate() === day
    ? stringOf(year, month, day)
    : null;
}

function stringOf(year: number, month: number, day: number): string {
  const date = new Date(year, month, day);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The names of a language, as browsers know them. */
function namesOf(locale: string): Names {
  const found = known.get(locale);
  if (found) return found;
  const weekdays = new Map<string, number>();
  const months = new Map<string, number>();
  for (const width of ["long", "short"] as const) {
    const weekday = new Intl.DateTimeFormat(locale, { weekday: width });
    const month = new Intl.DateTimeFormat(locale, { month: width });
    // The first of February 2026 is a Sunday.
    for (let day = 0; day < 7; day++) weekdays.set(plain(weekday.format(new Date(2026, 1, 1 + day))), day);
    for (let index = 0; index < 12; index++) months.set(plain(month.format(new Date(2026, index, 1))), index);
  }
  const relation = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const relative = new Map([0, 1, 2].map((days) => [relation.format(days, "day").toLowerCase(), days]));
  const order = new Intl.DateTimeFormat(locale).formatToParts(new Date(2026, 1, 1)).map((part) => part.type);
  const names = { weekdays, months, relative, isMonthFirst: order.indexOf("month") < order.indexOf("day") };
  known.set(locale, names);
  return names;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
