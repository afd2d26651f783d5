/** Hides the cards that a filter leaves out. They stay drawn: to draw thousands anew takes too long for a key. */

import type { Matches, Slot } from "../state/grip";
import { visibleSlots } from "./flip";

/** So many are hidden or shown in one frame; more would keep the next key waiting. */
const AT_ONCE = 100;

export class Sieve {
  private frame = 0;

  /**
   * Hide the board's cards but for these, from the top of every column; far down it may take some frames.
   *
   * Returns where the focus was if its card is hidden now. A carried card stays, whatever becomes of it.
   */
  apply(board: HTMLElement, matches: Matches): Slot | null {
    this.stop();
    const isOut = (slot: HTMLElement) =>
      matches !== null && !matches.has(slot.dataset.id!) && !slot.classList.contains("held");
    const lost = hideFocused(isOut);
    const wrong = [...board.querySelectorAll<HTMLElement>(".cards")].map((list) =>
      [...list.children].filter((slot): slot is HTMLElement => isWrong(slot as HTMLElement, isOut)),
    );
    this.turn(byTurns(wrong));
    return lost;
  }

  stop(): void {
    cancelAnimationFrame(this.frame);
  }

  private turn(slots: readonly HTMLElement[]): void {
    for (const slot of slots.slice(0, AT_ONCE)) slot.hidden = !slot.hidden;
    const rest = slots.slice(AT_ONCE);
    if (rest.length > 0) this.frame = requestAnimationFrame(() => this.turn(rest));
  }
}

function isWrong(slot: HTMLElement, isOut: (slot: HTMLElement) => boolean): boolean {
  return slot.hidden !== isOut(slot);
}

function hideFocused(isOut: (slot: HTMLElement) => boolean): Slot | null {
  const slot = document.activeElement?.closest<HTMLElement>(".board .slot");
  const list = slot?.closest<HTMLElement>(".cards");
  if (!slot || !list || slot.hidden || !isOut(slot)) return null;
  const index = [...visibleSlots(list)].indexOf(slot);
  slot.hidden = true;
  return { column: list.dataset.column!, index };
}

/** The first of each list, then the second of each. */
function byTurns<T>(lists: readonly T[][]): T[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, index) => lists.flatMap((list) => list.slice(index, index + 1))).flat();
}
