/** Keeps something that lies over the board where its place on the board is. */

import { useLayoutEffect } from "preact/hooks";

/** Call `put` now, and whenever scrolling, resizing or an opening panel may have moved the place. */
export function useFollow(put: () => void, changes: readonly unknown[]): void {
  // A layout effect: after the frame is drawn, the element may be gone with its owner.
  useLayoutEffect(() => {
    put();
    const watch = new ResizeObserver(put);
    for (const list of document.querySelectorAll(".board .cards")) watch.observe(list);
    window.addEventListener("scroll", put, { capture: true, passive: true });
    window.addEventListener("resize", put);
    return () => {
      watch.disconnect();
      window.removeEventListener("scroll", put, { capture: true });
      window.removeEventListener("resize", put);
    };
  }, [...changes]);
}

/** The list of a column on the board. */
export function listOf(column: string): HTMLElement | null {
  return document.querySelector(`.board .cards[data-column="${CSS.escape(column)}"]`);
}

/** The slot of a task on the board, by the server's id. */
export function slotById(task: string): HTMLElement | null {
  return document.querySelector(`.board .slot[data-id="${CSS.escape(task)}"]`);
}

/** Whether a point can be seen: within the list's column, and on screen. */
export function isSeen(list: Element, x: number, y: number): boolean {
  const frame = list.closest(".column")!.getBoundingClientRect();
  return y >= frame.top && y <= frame.bottom && x >= 0 && x <= window.innerWidth;
}
