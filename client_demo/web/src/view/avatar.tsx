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

/** Who else is here now. */
export function Faces({ people }: { people: Person[] }) {
  const others = people.filter((person) => !person.isSelf);
  if (others.length === 0) return null;
  const shown = others.slice(0, others.length > MOST_FACES ? MOST_FACES - 1 : MOST_FACES);
  const rest = others.slice(shown.length).map((person) => person.name);
  return (
    <ul class="faces" aria-label="Also here">
      {shown.map((person) => (
        <li key={person.user} title={person.name}>
          <Avatar id={person.user} name={person.name} />
          <span class="sr">{person.name}</span>
        </li>
      ))}
      {rest.length > 0 && (
        <li class="more" title={rest.join(", ")}>
          +{rest.length}
          <span class="sr"> more: {rest.join(", ")}</span>
        </li>
      )}
    </ul>
  );
}
