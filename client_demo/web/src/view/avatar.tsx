/** People as coloured initials. */

import type { Person } from "../state/company";

const HUES = 8;
const MOST_FACES = 5;

/** The class that gives a person their colour, the same on every screen. */
export function hueOf(id: string): string {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.codePointAt(0)!) >>> 0;
  return `hue-${sum % HUES}`;
}

export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => [...(word ?? "")][0] ?? "");
  return letters.join("").toUpperCase();
}

interface AvatarProps {
  id: string;
  name: string;
  size?: "small" | "large";
}

/** Decoration beside a name; where it stands alone, the caller labels it. */
export function Avatar({ id, name, size }: AvatarProps) {
  return (
    <span class={`avatar ${hueOf(id)} ${size ?? ""}`} aria-hidden="true">
      {initials(name)}
    </span>
  );
}

/** Who is here now. */
export function Faces({ people }: { people: Person[] }) {
  if (people.length === 0) return null;
  const shown = people.slice(0, people.length > MOST_FACES ? MOST_FACES - 1 : MOST_FACES);
  const names = people.map((person) => (person.isSelf ? `${person.name} (you)` : person.name));
  return (
    <ul class="faces" aria-label="Here now">
      {shown.map((person) => (
        <li key={person.user} title={person.isSelf ? `${person.name} (you)` : person.name}>
          <Avatar id={person.user} name={person.name} />
          <span class="sr">{person.isSelf ? `${person.name} (you)` : person.name}</span>
        </li>
      ))}
      {people.length > shown.length && (
        <li class="more" title={names.slice(shown.length).join(", ")}>
          +{people.length - shown.length}
          <span class="sr"> more: {names.slice(shown.length).join(", ")}</span>
        </li>
      )}
    </ul>
  );
}
