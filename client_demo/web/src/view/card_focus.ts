/** The keyboard's focus among the cards. */

import { slotOf } from "./flip";
import { type ShownBoard, tasksOf } from "./shown_board";

export class CardFocus {
  /** The lasting name of the card that was focused last. */
  private tabStop: string | null = null;
  /** The card where the Tab key stops. */
  private stop: HTMLElement | null = null;

  /** `element` is the board's; it exists while one of the methods is called. */
  constructor(
    private readonly element: () => HTMLElement,
    private readonly shown: () => ShownBoard,
  ) {}

  /** The lasting name of the focused card. */
  name(): string | null {
    const slot = document.activeElement?.closest<HTMLElement>(".board .slot");
    return slot?.dataset.task ?? null;
  }

  /** Put the focus on a card, wherever it is now. */
  put(name: string): void {
    const card = slotOf(this.element(), name)?.querySelector<HTMLElement>(".card");
    card?.focus({ preventScroll: true });
    card?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** Put the focus near a place: on the card that is there now, or one beside it, or where a card can be added. */
  putNear(column: string, index: number): void {
    const hasCards = (id: string) => tasksOf(this.shown(), id).length > 0;
    const near = hasCards(column) ? column : this.shown().order.find(({ id }) => hasCards(id))?.id;
    if (near) this.putAt(near, index);
    else this.element().querySelector<HTMLElement>(".quick-add textarea")?.focus();
  }

  /** On the column's card at the index, or at the nearest one. */
  putAt(column: string, index: number): void {
    const tasks = tasksOf(this.shown(), column);
    const task = tasks[Math.max(0, Math.min(index, tasks.length - 1))];
    if (task) this.put(this.shown().project.board.lastingId(task.id));
  }

  /** To the nearest column on that side that has a card. */
  putBeside(column: string, index: number, step: 1 | -1): void {
    const { order } = this.shown();
    const start = order.findIndex((each) => each.id === column);
    const side = step > 0 ? order.slice(start + 1) : order.slice(0, start).reverse();
    const next = side.find((each) => tasksOf(this.shown(), each.id).length > 0);
    if (next) this.putAt(next.id, index);
  }

  /** A card has got the focus. */
  note(slot: HTMLElement): void {
    this.tabStop = slot.dataset.task!;
    this.keepTabStop();
  }

  /** The Tab key stops once on the board: at the card focused last, otherwise the first. Arrow keys go on. */
  keepTabStop(): void {
    if (this.stop && this.isStop(this.stop)) return;
    const board = this.element();
    const last = slotOf(board, this.tabStop ?? "");
    const slot = last && isSeen(last) ? last : board.querySelector(".column:not(.collapsed) .slot:not([hidden])");
    for (const card of board.querySelectorAll<HTMLElement>('.card[tabindex="0"]')) card.tabIndex = -1;
    this.stop = slot?.querySelector<HTMLElement>(".card") ?? null;
    if (this.stop) this.stop.tabIndex = 0;
  }

  /** Whether the card is still on screen, and no other one was focused since. */
  private isStop(card: HTMLElement): boolean {
    const slot = card.parentElement!;
    return card.isConnected && isSeen(slot) && slot.dataset.task === (this.tabStop ?? slot.dataset.task);
  }
}

/** Whether it is neither filtered out nor in a collapsed column. */
function isSeen(slot: HTMLElement): boolean {
  return !slot.hidden && !slot.closest(".collapsed");
}
