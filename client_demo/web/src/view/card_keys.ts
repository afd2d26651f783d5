/** The keys of a focused card: arrow keys go to other cards, or carry this one. */

import type { Held } from "../state/grip";
import type { CardFocus } from "./card_focus";
import type { HeldCard } from "./held_card";
import { extendSelection, toggleSelected } from "./selecting";
import { columnBeside, type ShownBoard, taskNamed, tasksOf } from "./shown_board";

export class CardKeys {
  constructor(
    private readonly shown: () => ShownBoard,
    private readonly focus: CardFocus,
    private readonly hand: HeldCard,
  ) {}

  readonly press = (event: KeyboardEvent): void => {
    const card = (event.target as Element).closest<HTMLElement>(".card");
    if (!card || event.altKey || event.ctrlKey || event.metaKey) return;
    const { held } = this.shown();
    const isDone = held?.by === "keyboard" ? this.carry(event.key, held) : this.browse(event, card);
    if (!isDone) return;
    event.preventDefault();
    event.stopPropagation();
  };

  /** Returns whether the key means something here. */
  private browse({ key, shiftKey: isShifted }: KeyboardEvent, card: HTMLElement): boolean {
    const task = taskNamed(this.shown(), card.closest<HTMLElement>(".slot")!.dataset.task!);
    if (!task) return false;
    const column = task.column_id;
    const tasks = tasksOf(this.shown(), column);
    const index = tasks.findIndex((other) => other.id === task.id);
    if (isShifted && (key === "ArrowUp" || key === "ArrowDown")) return this.extend(column, index, key);
    switch (key) {
      case "ArrowUp":
        this.focus.putAt(column, index - 1);
        return true;
      case "ArrowDown":
        this.focus.putAt(column, index + 1);
        return true;
      case "ArrowLeft":
        this.focus.putBeside(column, index, -1);
        return true;
      case "ArrowRight":
        this.focus.putBeside(column, index, 1);
        return true;
      case "Home":
        this.focus.putAt(column, 0);
        return true;
      case "End":
        this.focus.putAt(column, tasks.length - 1);
        return true;
      case " ":
        this.hand.take(task);
        return true;
      default:
        return false;
    }
  }

  /** Select the focused card and the next one, which gets the focus. */
  private extend(column: string, index: number, key: "ArrowUp" | "ArrowDown"): true {
    const shown = this.shown();
    const nameAt = (at: number) => shown.project.board.lastingId(tasksOf(shown, column)[at]!.id);
    if (!shown.project.selection.has(nameAt(index))) toggleSelected(shown.project, nameAt(index));
    this.focus.putAt(column, key === "ArrowUp" ? index - 1 : index + 1);
    const next = this.focus.name();
    if (next && shown.canEdit) extendSelection(shown.project, next);
    return true;
  }

  private carry(key: string, { to }: Held): boolean {
    const beside = (step: 1 | -1) => columnBeside(this.shown(), to.column, step)?.id ?? to.column;
    switch (key) {
      case "ArrowUp":
        this.hand.carry(to.column, to.index - 1);
        return true;
      case "ArrowDown":
        this.hand.carry(to.column, to.index + 1);
        return true;
      case "ArrowLeft":
        this.hand.carry(beside(-1), to.index);
        return true;
      case "ArrowRight":
        this.hand.carry(beside(1), to.index);
        return true;
      case " ":
      case "Enter":
        this.hand.drop();
        return true;
      case "Escape":
        this.hand.cancel();
        return true;
      default:
        return key.length === 1; // letters do nothing while a card is carried
    }
  }
}
