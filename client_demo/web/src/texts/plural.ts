/** One form of a text or the other, by a number. */

const RULES = new Intl.PluralRules("en");

export function plural(count: number, one: string, other: string): string {
  return RULES.select(count) === "one" ? one : other;
}
