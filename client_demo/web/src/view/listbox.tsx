/** A list of choices at a field in which people type to filter it: an ARIA combobox with its listbox. */

import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import * as common from "../texts/common";
import { Icon } from "./icons";

export interface Choice {
  id: string;
  name: string;
  /** Drawn before the name. */
  mark?: ComponentChildren;
  /** Said after the name. */
  note?: string | undefined;
  isChosen: boolean;
}

interface ListboxOptions {
  /** What the list is called, such as `People`. */
  label: string;
  choices: readonly Choice[];
  /** Which one Enter takes before an arrow key has chosen another; -1 for none. */
  first: number;
  /** Whether several can be chosen: then the list stays open. */
  isMulti?: boolean;
  /** Whether it is always there, below the field in the layout, rather than over the page. */
  isInline?: boolean;
  /** The keys that take a choice, while one is active. */
  takes?: readonly string[];
  onTake: (choice: Choice) => void;
}

const MARGIN_PX = 8;
const LEAST_WIDTH_PX = 230;
const MOST_HEIGHT_PX = 300;

/**
 * Spread `attributes` on the field, call `open` at a click and at each input, and `press` with each key, which tells
 * whether the list has used it. The focus stays in the field: arrow keys choose, Enter takes, Escape closes.
 */
export function useListbox(options: ListboxOptions) {
  const { label, choices, first, isMulti = false, isInline = false, takes = ["Enter"], onTake } = options;
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState<string | null>(null);
  const isShown = (isOpen || isInline) && choices.length > 0;
  const found = choices.findIndex((choice) => choice.id === active);
  const index = found < 0 ? first : found;

  useLayoutEffect(() => {
    if (!isShown || isInline) return;
    const draw = (event?: Event) => {
      if (event?.target !== list.current) place(list.current!, field.current!);
    };
    list.current!.showPopover();
    draw();
    window.addEventListener("resize", draw);
    window.addEventListener("scroll", draw, true);
    return () => {
      window.removeEventListener("resize", draw);
      window.removeEventListener("scroll", draw, true);
    };
  }, [isShown]);
  useLayoutEffect(() => {
    if (!isShown) return;
    if (!isInline) place(list.current!, field.current!); // fewer choices are lower
    list.current!.children[index]?.scrollIntoView({ block: "nearest" });
  }, [isShown, index, choices.length]);

  const open = () => {
    setOpen(true);
    setActive(null);
  };
  const close = () => {
    setOpen(false);
    setActive(null);
  };
  const take = (choice: Choice) => {
    if (!isMulti) close();
    onTake(choice);
  };
  const step = (by: number) => {
    const count = choices.length;
    if (!isShown) open();
    else setActive(choices[index < 0 ? (by > 0 ? 0 : count - 1) : (index + by + count) % count]!.id);
  };
  const press = (event: KeyboardEvent): boolean => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") step(event.key === "ArrowDown" ? 1 : -1);
    else if (takes.includes(event.key) && isShown && index >= 0) take(choices[index]!);
    else if (event.key === "Escape" && isShown && !isInline) close();
    else return false;
    event.preventDefault(); // and closes nothing else
    return true;
  };
  return {
    attributes: {
      ref: field,
      role: "combobox" as const,
      autoComplete: "off",
      "aria-autocomplete": "list" as const,
      "aria-haspopup": "listbox" as const,
      "aria-expanded": isShown,
      "aria-controls": isShown ? id : undefined,
      "aria-activedescendant": isShown && index >= 0 ? `${id}-${index}` : undefined,
    },
    open,
    close,
    press,
    list: isShown && (
      <>
        <div
          popover={isInline ? undefined : "manual"}
          class={isInline ? "listbox inline" : "listbox"}
          ref={list}
          id={id}
          role="listbox"
          aria-label={label}
          aria-multiselectable={isMulti || undefined}
          onMouseDown={(event) => event.preventDefault()} // the field keeps the focus
        >
          {choices.map((choice, place) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: keys come from the field
            <div
              key={choice.id}
              id={`${id}-${place}`}
              role="option"
              tabIndex={-1}
              class={place === index ? "active" : undefined}
              aria-selected={choice.isChosen}
              onClick={() => take(choice)}
            >
              {choice.mark}
              <span class="choice-name" dir="auto">
                {choice.name}
              </span>
              {choice.note && <span class="choice-note">{choice.note}</span>}
              {choice.isChosen && (
                <span class="checked">
                  <Icon name="check" size={15} />
                </span>
              )}
            </div>
          ))}
        </div>
        <span class="sr" role="status">
          {common.choices(choices.length)}
        </span>
      </>
    ),
  };
}

/** Below the field, or above it where there is more room, inside the window. */
function place(list: HTMLElement, field: HTMLElement): void {
  const box = field.getBoundingClientRect();
  const { width, height } = window.visualViewport ?? { width: window.innerWidth, height: window.innerHeight };
  const below = height - box.bottom - MARGIN_PX - 4;
  const above = box.top - MARGIN_PX - 4;
  list.style.minWidth = `${Math.max(box.width, LEAST_WIDTH_PX)}px`;
  list.style.maxWidth = `${width - 2 * MARGIN_PX}px`;
  list.style.maxHeight = `${MOST_HEIGHT_PX}px`;
  const isBelow = below >= Math.min(list.offsetHeight, MOST_HEIGHT_PX) || below >= above;
  list.style.maxHeight = `${Math.min(MOST_HEIGHT_PX, isBelow ? below : above)}px`;
  const left = Math.max(MARGIN_PX, Math.min(box.left, width - list.offsetWidth - MARGIN_PX));
  list.style.inset = isBelow
    ? `${box.bottom + 4}px auto auto ${left}px`
    : `auto auto ${window.innerHeight - box.top + 4}px ${left}px`;
}
