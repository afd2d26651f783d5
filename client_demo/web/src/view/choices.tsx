/** Columns and people as choices of a list. */

import type { Column, Member } from "../api/shapes";
import { readerFirst } from "../state/choosing";
import * as texts from "../texts/task";
import { Avatar } from "./avatar";
import { colourOf } from "./colours";
import type { Choice } from "./listbox";

export function columnChoices(columns: readonly Column[], chosen?: string): Choice[] {
  return columns.map(({ id, name, color, category }) => ({
    id,
    name,
    mark: <span class="dot" style={colourOf(color, category)} aria-hidden="true" />,
    isChosen: id === chosen,
  }));
}

/** By their names, the reader first. */
export function peopleChoices(members: Iterable<Member>, self: string, chosen?: string | null): Choice[] {
  return readerFirst(members, self).map(({ user_id, name }) => ({
    id: user_id,
    name,
    note: user_id === self ? texts.you : undefined,
    mark: <Avatar id={user_id} name={name} size="small" />,
    isChosen: user_id === chosen,
  }));
}
