import { expect, test } from "vitest";
import type { Member } from "../src/api/shapes";
import { type Known, type Line, readLines } from "../src/state/quick_line";
import { AT } from "./samples";

function person(user_id: string, name: string): Member {
  return { user_id, name, role: "editor", created_at: AT, updated_at: AT, version: 1 };
}

const PEOPLE = [person("ada", "Ada Lovelace"), person("bob", "Bob Baker"), person("bo", "Bobby Brown")];
/** A Monday. */
const TODAY = new Date(2026, 10, 30);
const KNOWN: Known = { labels: ["needs review", "needs"], people: PEOPLE, locale: "en-GB", today: TODAY };

function one(text: string, known: Partial<Known> = {}): Line {
  const lines = readLines(text, { ...KNOWN, ...known });
  expect(lines).toHaveLength(1);
  return lines[0]!;
}

/** What a line says, in short: `title | label | person | day`. */
function told(text: string, known: Partial<Known> = {}): string {
  const { title, marks } = one(text, known);
  const words = marks.map((mark) => {
    if (mark.kind === "label") return mark.label;
    return mark.kind === "person" ? mark.person.user_id : mark.day;
  });
  return [title, ...words].join(" | ");
}

test.each([
  ["Order fuel", "Order fuel"],
  ["Order fuel #supplies @bob tomorrow", "Order fuel | supplies | bob | 2026-12-01"],
  ["Really ?", "Really ?"],
  ["#supplies Order @Ada Lovelace fuel, now", "Order fuel, now | supplies | ada"],
  ["Order fuel tomorrow #needs review @ada", "Order fuel | needs review | ada | 2026-12-01"],
  ['Order #"two words" fuel', "Order fuel | two words"],
  ["Order fuel #needs, please", "Order fuel, please | needs"],
  ["Fix #12 and a#b", "Fix #12 and a#b"],
  ["Mail ada@example.org", "Mail ada@example.org"],
  ["Ask @nobody", "Ask @nobody"],
  ["Ask @bobb", "Ask | bo"],
  ["Ask @b", "Ask @b"],
  ["Ask @bob @ada", "Ask @ada | bob"],
  ["tomorrow", "tomorrow"],
  ["due fri", "due fri"],
  ["#only @bob", "#only @bob"],
  ["Plan tomorrow with Bob", "Plan tomorrow with Bob"],
])("%s", (written, expected) => {
  expect(told(written)).toBe(expected);
});

test.each([
  ["today", "2026-11-30"],
  ["fri", "2026-12-04"],
  ["Friday", "2026-12-04"],
  ["next tue", "2026-12-01"],
  ["mon", "2026-12-07"],
  ["due: sun", "2026-12-06"],
  ["next week", "2026-12-07"],
  ["in 3 days", "2026-12-03"],
  ["in 2 weeks", "2026-12-14"],
  ["24.12.", "2026-12-24"],
  ["24.1.", "2027-01-24"],
  ["24.12.27", "2027-12-24"],
  ["24/12", "2026-12-24"],
  ["24 Dec", "2026-12-24"],
  ["Jan 3rd", "2027-01-03"],
  ["3 January 2028", "2028-01-03"],
  ["2026-12-24", "2026-12-24"],
])("a line that ends with %s is due", (words, day) => {
  expect(told(`Order fuel ${words}`)).toBe(`Order fuel | ${day}`);
});

test.each(["31.4.", "2026-02-30", "13/13", "0.1.", "in 3 dogs", "1.2", "24", "may"])("%s is no day", (words) => {
  expect(told(`Order fuel ${words}`)).toBe(`Order fuel ${words}`);
});

test("days are read in the language of the browser, and in English", () => {
  for (const [locale, words, day] of [
    ["de-DE", "morgen", "2026-12-01"],
    ["de-DE", "Mittwoch", "2026-12-02"],
    ["de-DE", "24. Dezember", "2026-12-24"],
    ["de-DE", "tomorrow", "2026-12-01"],
    ["fr-FR", "demain", "2026-12-01"],
    ["en-US", "12/24", "2026-12-24"],
  ] as const) {
    expect(told(`Order fuel ${words}`, { locale })).toBe(`Order fuel | ${day}`);
  }
});

test("a backslash keeps what follows as text, where the mark says", () => {
  let text = "Order fuel #supplies @bob next fri";
  for (const expected of [
    "Order fuel #supplies | bob | 2026-12-04",
    "Order fuel #supplies @bob | 2026-12-04",
    "Order fuel #supplies @bob next fri",
  ]) {
    const { at } = one(text).marks[0]!;
    text = `${text.slice(0, at)}\\${text.slice(at)}`;
    expect(told(text)).toBe(expected);
  }
  expect(told("Clean C:\\temp and \\n")).toBe("Clean C:\\temp and \\n");
});

test("several lines are several tasks, without the bullets of a pasted list", () => {
  const text = "- Order fuel #a\n\n  2. Count down\r\n* [ ] Land @bob\n";
  const lines = readLines(text, KNOWN);
  expect(lines.map((line) => line.title)).toEqual(["Order fuel", "Count down", "Land"]);
  expect(text.slice(lines[2]!.marks[0]!.at)).toBe("@bob\n");
  expect(one("- Order fuel").title).toBe("- Order fuel");
  expect(readLines(" \n\n", KNOWN)).toEqual([]);
});
