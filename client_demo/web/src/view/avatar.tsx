/** People as coloured initials. */

import { ownHue } from "../state/hues";
import type { Person } from "../state/presence";
import * as common from "../texts/common";
import { projectOnScreen } from "./palette_host";

const MOST_FACES = 5;

/** The class that gives a person their colour, the same on every screen of a project. Subscribes to nothing. */
export function hueOf(id: string): string {
  return `hue-${projectOnScreen.peek()?.board.hues.peek().get(id) ?? ownHue(id)}`;
}

function initials(name: string): string {
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
    // Not as text: a button is to be called what it shows (WCAG 2.5.3), and "AL" is not in "Ada Lovelace".
    <span class={`avatar ${hueOf(id)} ${size ?? ""}`} data-initials={initials(name)} aria-hidden="true" />
  );
}

/** The other people who are here now. */
export function Faces({ people }: { people: Person[] }) {
  const others = people.filter((person) => !person.isSelf);
  if (others.length === 0) return null;
  const shown = others.slice(0, others.length > MOST_FACES ? MOST_FACES - 1 : MOST_FACES);
  const rest = others.slice(shown.length).map((person) => person.name);
  return (
    <ul class="faces" aria-label={common.alsoHere}>
      {shown.map((person) => (
        <li key={person.user} title={person.name}>
          <Avatar id={person.user} name={person.name} />
          <span class="sr">{person.name}</span>
        </li>
      ))}
      {rest.length > 0 && (
        <li class="more" title={rest.join(", ")}>
          +{rest.length}
          <span class="sr"> {common.more(rest.join(", "))}</span>
        </li>
      )}
    </ul>
  );
}
