/** A button of the row for selected cards, with its menu above it. */

import type { ComponentChildren } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icons";
import { earlyKeys } from "./selection_keys";
import { toldKeys } from "./shortcuts";

const MARGIN_PX = 8;

interface BulkMenuProps {
  /** What its shortcut calls it. */
  name: string;
  label: string;
  keys: string;
  icon: IconName;
  children: (close: () => void) => ComponentChildren;
}

export function BulkMenu({ name, label, keys, icon, children }: BulkMenuProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);
  const place = () => {
    const box = button.current!.getBoundingClientRect();
    const { style } = menu.current!;
    style.minHeight = "0";
    style.maxHeight = `${box.top - 2 * MARGIN_PX}px`;
    const { offsetWidth, offsetHeight } = menu.current!;
    const left = Math.min(box.left, window.innerWidth - offsetWidth - MARGIN_PX);
    style.inset = `auto auto ${window.innerHeight - box.top + 4}px ${Math.max(MARGIN_PX, left)}px`;
    style.minHeight = `${offsetHeight}px`; // the field stays where it is while typing narrows the list
    // A finger that opens it gets no keyboard over half of the screen.
    const isFinger = matchMedia("(pointer: coarse)").matches;
    const typed = earlyKeys.end();
    (isFinger && !typed ? menu.current! : menu.current!.querySelector("input"))?.focus();
    if (typed) document.execCommand("insertText", false, typed); // deprecated, and the only way to type
  };
  return (
    <>
      <button
        type="button"
        class="ghost"
        ref={button}
        popovertarget={id}
        data-does={name}
        title={label}
        {...toldKeys(keys)}
      >
        <Icon name={icon} />
        <span class="bar-word">{label}</span>
      </button>
      <div
        popover="auto"
        id={id}
        ref={menu}
        class="menu bulk-menu"
        role="dialog"
        aria-label={label}
        tabIndex={-1}
        onToggle={(event) => {
          setOpen(event.newState === "open");
          if (event.newState === "open") requestAnimationFrame(place);
          else earlyKeys.end();
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.stopPropagation(); // closes the menu alone
        }}
      >
        {isOpen && children(() => menu.current!.hidePopover())}
      </div>
    </>
  );
}
