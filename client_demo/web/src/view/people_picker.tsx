/** The list of people below a text in which an @ is being typed. */

import type { RefObject } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Member } from "../api/shapes";
import { matching } from "../editor/mentions";
import { queryAt, type Typed } from "../state/mentions";
import * as texts from "../texts/comments";

/**
 * A listbox whose focus stays in the text: arrow keys choose, Enter or Tab takes, Escape closes, a finger taps.
 *
 * Spread `attributes` on the text, call `follow` after each input and `press` with each key, which tells whether the
 * list has used it.
 */
export function usePeoplePicker(
  area: RefObject<HTMLTextAreaElement | null>,
  now: Typed,
  change: (next: Typed) => void,
  members: readonly Member[],
) {
  const id = useId();
  const [open, setOpen] = useState<{ start: number; query: string } | null>(null);
  const [index, setIndex] = useState(0);
  const caret = useRef<number | null>(null);
  const found = open ? matching(members, open.query) : [];
  const chosen = Math.min(index, found.length - 1);

  useLayoutEffect(() => {
    if (caret.current === null) return;
    area.current!.setSelectionRange(caret.current, caret.current);
    caret.current = null;
  });

  const close = () => setOpen(null);
  const take = ({ user_id, name }: Member) => {
    const { start, query } = open!;
    const rest = now.text.slice(start + 1 + query.length).replace(/^ /, "");
    caret.current = start + name.length + 2;
    close();
    change({
      text: `${now.text.slice(0, start)}@${name} ${rest}`,
      chosen: [{ id: user_id, name }, ...now.chosen.filter((each) => each.id !== user_id)],
    });
  };
  const press = ({ key }: KeyboardEvent): boolean => {
    if (found.length === 0) return false;
    switch (key) {
      case "ArrowDown":
        setIndex((chosen + 1) % found.length);
        return true;
      case "ArrowUp":
        setIndex((chosen + found.length - 1) % found.length);
        return true;
      case "Enter":
      case "Tab":
        take(found[chosen]!);
        return true;
      case "Escape":
        close();
        return true;
      case "ArrowLeft":
      case "ArrowRight":
      case "Home":
      case "End":
        close();
    }
    return false;
  };
  const follow = () => {
    setOpen(queryAt(area.current!.value, area.current!.selectionStart));
    setIndex(0);
  };
  return {
    attributes: {
      "aria-autocomplete": "list" as const,
      "aria-controls": found.length > 0 ? id : undefined,
      "aria-activedescendant": found.length > 0 ? `${id}-${chosen}` : undefined,
    },
    close,
    follow,
    press,
    list: found.length > 0 && (
      <>
        <div class="people-list" id={id} role="listbox" aria-label={texts.people}>
          {found.map((member, place) => (
            <div
              key={member.user_id}
              id={`${id}-${place}`}
              role="option"
              tabIndex={-1}
              aria-selected={place === chosen}
              onMouseDown={(event) => {
                event.preventDefault(); // the text keeps the focus
                take(member);
              }}
            >
              {member.name}
            </div>
          ))}
        </div>
        <span class="sr" role="status">
          {texts.peopleFound(found.length)}
        </span>
      </>
    ),
  };
}
