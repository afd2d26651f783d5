/** The keyboard's focus in a list whose rows go away when something is done to them. */

import { useLayoutEffect, useRef } from "preact/hooks";

interface Spot {
  element: Element;
  /** Which row of the list, and which of the row's controls. */
  row: number;
  control: number;
  /** What holds the list. */
  around: HTMLElement | null;
}

/**
 * The attributes for a list; the component that draws its rows calls this.
 *
 * When the control with the focus goes away, the row that is now in its place gets the focus, at the same control; when
 * no row is left, what holds the list. Otherwise the next Tab would begin at the top of the page.
 */
export function useRowFocus<List extends HTMLElement>() {
  const list = useRef<List>(null);
  const spot = useRef<Spot | null>(null);
  useLayoutEffect(() => {
    const lost = spot.current;
    if (!lost || lost.element.isConnected) return;
    spot.current = null;
    if (document.activeElement === document.body) replace(list.current, lost);
  });
  return {
    ref: list,
    onFocusIn: ({ target }: FocusEvent) => {
      const element = target as Element;
      const rows = [...list.current!.children];
      const row = rows.findIndex((each) => each.contains(element));
      const control = controlsOf(rows[row]).indexOf(element as HTMLElement);
      spot.current = { element, row, control, around: list.current!.closest("section, dialog, main") };
    },
    onFocusOut: ({ target }: FocusEvent) => {
      // Some browsers send this when the element goes away, too: wait until it is gone.
      queueMicrotask(() => {
        const isLeft = (target as Element).isConnected && document.activeElement !== target;
        if (isLeft && spot.current?.element === target) spot.current = null;
      });
    },
  };
}

function replace(list: Element | null, { row, control, around }: Spot): void {
  const controls = controlsOf(list?.children[Math.min(row, list.children.length - 1)]);
  const next = controls[control] ?? controls[0];
  if (!next && around) around.tabIndex = -1;
  (next ?? around)?.focus();
}

function controlsOf(row: Element | undefined): HTMLElement[] {
  return [...(row?.querySelectorAll<HTMLElement>("a[href], :is(button, input, select, textarea):enabled") ?? [])];
}
