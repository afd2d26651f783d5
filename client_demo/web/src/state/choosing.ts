/** The order of choices, and which of them are found by typing. */

import type { Member } from "../api/shapes";
import { keyOf } from "./labels";

/** By their names, the reader first. */
export function readerFirst(members: Iterable<Member>, self: string): Member[] {
  return [...members].sort(
    (a, b) => Number(b.user_id === self) - Number(a.user_id === self) || a.name.localeCompare(b.name),
  );
}

/** Those of which a word, also of the note, begins with each typed one. */
export function matching<T extends { name: string; note?: string | undefined }>(
  choices: readonly T[],
  typed: string,
): T[] {
  const wanted = keyOf(typed).split(" ");
  return choices.filter(({ name, note }) => {
    const words = ` ${keyOf(`${name} ${note ?? ""}`)}`;
    return wanted.every((word) => words.includes(` ${word}`));
  });
}
