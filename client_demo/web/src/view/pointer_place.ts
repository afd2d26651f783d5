/** Where a pointer is on the board. */

import type { Place } from "../state/presence";

/**
 * A pointer's place on the board, independent of the screen size. Others see the card in hand where it was: over that
 * the pointer has a place in the column.
 */
export function placeOf(target: Element, event: PointerEvent): Place | null {
  const slot = target.closest<HTMLElement>(".slot:not(.held)");
  const id = slot?.dataset.id;
  if (slot && id) {
    const box = slot.getBoundingClientRect();
    return { task: id, x: share(event.clientX - box.x, box.width), y: share(event.clientY - box.y, box.height) };
  }
  const list = target.closest(".column")?.querySelector<HTMLElement>(".cards");
  if (!list) return null;
  const box = list.getBoundingClientRect();
  const y = Math.round(event.clientY - box.y + list.scrollTop);
  return { column: list.dataset.column!, x: share(event.clientX - box.x, box.width), y };
}

function share(part: number, whole: number): number {
  return Math.round((part / whole) * 1000) / 1000;
}
