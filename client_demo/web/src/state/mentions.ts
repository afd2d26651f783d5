/** Mentions as people type them, `@Ada Lovelace`, and as they are stored, `@[Ada Lovelace](mention://user/ID)`. */

export interface Mentioned {
  id: string;
  name: string;
}

/** A text as it is typed, with the people who were chosen for their names: two may have the same. */
export interface Typed {
  text: string;
  chosen: readonly Mentioned[];
}

const STORED = /@\[((?:[^[\]\\]|\\.)*)\]\(mention:\/\/user\/([0-9a-f-]{36})\)/g;
const IN_WORD = /[\p{L}\p{N}_]/u;

/** The text to type on, of a stored one. `nameOf` gives present names. */
export function typed(stored: string, nameOf: (id: string) => string | null): Typed {
  const chosen: Mentioned[] = [];
  const text = stored.replace(STORED, (_, label: string, id: string) => {
    const name = nameOf(id) ?? label.replace(/\\(.)/g, "$1");
    chosen.push({ id, name });
    return `@${name}`;
  });
  return { text, chosen };
}

/** The text to store. A name is a mention whether it was typed or chosen. */
export function stored({ text, chosen }: Typed, members: Iterable<Mentioned>): string {
  const people = [...chosen, ...members].filter(({ name }) => name !== "");
  people.sort((a, b) => b.name.length - a.name.length); // stable: the chosen come first
  let result = "";
  for (let at = 0; at < text.length; at++) {
    const person = text[at] === "@" && !IN_WORD.test(text[at - 1] ?? "") ? personAt(text, at + 1, people) : undefined;
    if (!person) result += text[at];
    else {
      result += `@[${person.name.replace(/[[\]\\]/g, "\\$&")}](mention://user/${person.id})`;
      at += person.name.length;
    }
  }
  return result;
}

function personAt(text: string, at: number, people: readonly Mentioned[]): Mentioned | undefined {
  return people.find(({ name }) => text.startsWith(name, at) && !IN_WORD.test(characterAt(text, at + name.length)));
}

function characterAt(text: string, at: number): string {
  return String.fromCodePoint(text.codePointAt(at) ?? 32);
}

/** What stands between the @ that is being typed and the caret, or null. */
export function queryAt(text: string, caret: number): { start: number; query: string } | null {
  const start = text.slice(0, caret).lastIndexOf("@");
  if (start < 0 || IN_WORD.test(text[start - 1] ?? "")) return null;
  const query = text.slice(start + 1, caret);
  return query.length <= 40 && !/[\n@]/.test(query) && !/^\s/.test(query) ? { start, query } : null;
}
