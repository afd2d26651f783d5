/** The labels of a project as choices of a list, for what is typed. */

import type { Snapshot } from "../api/shapes";
import { countUses, keyOf, suggested } from "../state/labels";
import { createLabel } from "../texts/task";
import { Icon } from "./icons";
import { tintOf } from "./label";
import type { Choice } from "./listbox";

export const MOST_CHARACTERS = 50;

const NEW = "new";

/** Those with what is typed in them, and a new one of that name unless there is one. */
export function labelChoices(
  { labels, tasks }: Pick<Snapshot, "labels" | "tasks">,
  typed: string,
  wornBy: (name: string) => Pick<Choice, "isChosen" | "note">,
): Choice[] {
  const name = nameOf(typed);
  const found = suggested(labels, countUses(tasks), name);
  const choices: Choice[] = found.map((label) => ({
    id: label.id,
    name: label.name,
    mark: <span class={`dot ${tintOf(label.color)}`} aria-hidden="true" />,
    ...wornBy(label.name),
  }));
  if (name !== "" && !found.some((label) => keyOf(label.name) === keyOf(name))) {
    choices.push({ id: NEW, name: createLabel(name), isChosen: false, mark: <Icon name="plus" size={15} /> });
  }
  return choices;
}

/** The label's name that a choice stands for. */
export function labelOf({ id, name }: Choice, typed: string): string {
  return id === NEW ? nameOf(typed) : name;
}

export function nameOf(typed: string): string {
  return typed.replace(/\s+/g, " ").trim();
}
