/** The board: columns, between which cards move by pointer or keyboard. */

import { effect } from "@preact/signals";
import { Component, createRef } from "preact";
import type { Member } from "../api/shapes";
import type { Matches, Slot } from "../state/grip";
import type { Place } from "../state/presence";
import * as texts from "../texts/board";
import { AddColumn } from "./add_column";
import { CardFocus } from "./card_focus";
import { CardKeys } from "./card_keys";
import { CarriedColumn } from "./carried_column";
import { Column } from "./column";
import { watchPointer } from "./drag";
import { measure, play, type Spots } from "./flip";
import { HeldCard } from "./held_card";
import type { TaskPlaces } from "./open_task";
import { placeOf } from "./pointer_place";
import { extendSelection, toggleSelected } from "./selecting";
import { hasLetterKeys } from "./shortcuts";
import { type ShownBoard, taskNamed } from "./shown_board";
import { Sieve } from "./sieve";

interface BoardProps extends ShownBoard {
  /** The lasting names of selected cards. */
  selected: ReadonlySet<string>;
  members: ReadonlyMap<string, Member>;
  day: string;
  /** Set to this board while it is mounted, since a `ref` only gives elements. */
  places: { current: TaskPlaces | null };
}

interface Before {
  spots: Spots;
  /** The focused card, which may be redrawn in another column. */
  focused: string | null;
}

export class Board extends Component<BoardProps> implements TaskPlaces {
  private readonly carried = new CarriedColumn();
  private readonly element = createRef<HTMLDivElement>();
  private readonly shown = () => this.props;
  private byFinger = false;
  private readonly focus = new CardFocus(() => this.element.current!, this.shown);
  private readonly hand = new HeldCard(this.shown);
  private readonly keys = new CardKeys(this.shown, this.focus, this.hand);

  private readonly sieve = new Sieve();
  private stopSifting: () => void = () => undefined;

  override componentDidMount(): void {
    this.props.places.current = this;
    this.stopSifting = effect(() => this.sift(this.props.grip.matches.value));
  }

  override componentWillUnmount(): void {
    this.props.places.current = null;
    this.stopSifting();
    this.sieve.stop();
  }

  override getSnapshotBeforeUpdate(before: BoardProps): Before | null {
    const { columns, order, collapsed } = this.props;
    if (before.columns === columns && before.order === order && before.collapsed === collapsed) return null;
    return { spots: measure(this.element.current!), focused: this.focus.name() };
  }

  override componentDidUpdate(past: BoardProps, _: unknown, before: Before | null): void {
    if (past.order !== this.props.order) this.carried.settle();
    if (!before) return;
    this.sift(this.props.grip.matches.peek());
    if (before.focused && this.focus.name() !== before.focused) this.focus.put(before.focused);
    play(this.element.current!, before.spots);
  }

  render({ grip, order, columns, collapsed, held, selected, members, canEdit, day }: BoardProps) {
    const { carried } = this;
    return (
      // biome-ignore lint/a11y/noStaticElementInteractions: it listens for the cards in it, which take the focus
      <div
        class="board"
        ref={this.element}
        onPointerDown={this.pointerDown}
        onPointerMove={this.pointerMove}
        onPointerLeave={this.pointerLeave}
        onClick={this.click}
        onKeyDown={this.keys.press}
        onFocusIn={this.focusIn}
        onFocusOut={this.focusOut}
      >
        <p class="sr" id="board-keys">
          <KeyWords canEdit={canEdit} />
        </p>
        {order.map((column) => (
          <Column
            key={column.id}
            column={column}
            order={order}
            place={carried.placeOf(column.id, order)}
            isCarried={carried.is(column.id)}
            tasks={columns[column.id] ?? []}
            grip={grip}
            isCollapsed={collapsed.includes(column.id)}
            selected={selected}
            held={held?.to.column === column.id || held?.from.column === column.id ? held : null}
            members={members}
            canEdit={canEdit}
            day={day}
            onGrow={this.siftAgain}
          />
        ))}
        {canEdit && <AddColumn />}
      </div>
    );
  }

  private readonly siftAgain = () => {
    const matches = this.props.grip.matches.peek();
    if (matches) this.sift(matches);
  };

  focusNear({ column, index }: Slot): void {
    this.focus.putNear(column, index);
  }

  /** Hide the cards that don't match. The focus stays on the board if its card is one of them. */
  private sift(matches: Matches): void {
    const board = this.element.current!;
    const lost = this.sieve.apply(board, matches);
    if (lost) this.focus.putNear(lost.column, lost.index);
    this.focus.keepTabStop();
  }

  private readonly pointerDown = (event: PointerEvent) => {
    if (event.button !== 0 || !event.isPrimary || !this.props.canEdit) return;
    const target = event.target as Element;
    const slot = target.closest<HTMLElement>(".slot");
    // A collapsed column's head is a button, and is carried like the others.
    const head = target.closest("button:not(.expand), .menu, dialog")
      ? null
      : target.closest<HTMLElement>(".column-head");
    if (head) this.carried.watch(event, head.closest<HTMLElement>(".column")!, this.shown);
    this.byFinger = event.pointerType === "touch";
    if (!slot || event.ctrlKey || event.metaKey || event.shiftKey) return; // the click selects
    const task = taskNamed(this.props, slot.dataset.task!);
    if (!task || this.props.held) return;
    watchPointer(event, task, slot.dataset.task!, {
      board: this.element.current!,
      grip: this.props.grip,
      count: this.hand.along(task).length,
      onTake: () => this.props.project.signals.tell({ holds: task.id }),
      onMove: this.pointerMove,
      onDrop: () => this.hand.drop(),
      onRest: () => {
        this.hand.cancel();
        toggleSelected(this.props.project, slot.dataset.task!);
      },
      onCancel: () => this.hand.cancel(),
    });
  };

  /** With Ctrl, ⌘ or Shift a click selects, and so does a finger once something is selected. Otherwise it opens. */
  private readonly click = (event: MouseEvent) => {
    const { project, canEdit } = this.props;
    const slot = (event.target as Element).closest<HTMLElement>(".slot");
    if (!slot || !canEdit) return;
    const name = slot.dataset.task!;
    const isSelecting = this.byFinger && project.selection.size > 0;
    if (event.shiftKey) extendSelection(project, name);
    else if (event.ctrlKey || event.metaKey || isSelecting) toggleSelected(project, name);
    else return;
    event.preventDefault();
  };

  private readonly pointerMove = (event: PointerEvent) => {
    if (event.pointerType !== "touch") this.props.project.signals.tell({ at: this.placeOf(event) });
  };

  private readonly pointerLeave = () => {
    this.props.project.signals.tell({ at: null });
  };

  private readonly focusIn = (event: FocusEvent) => {
    const slot = (event.target as Element).closest<HTMLElement>(".slot");
    if (slot) this.focus.note(slot);
  };

  /** A card carried by keyboard goes back when it loses the focus, unless it is only being redrawn. */
  private readonly focusOut = (event: FocusEvent) => {
    if (this.props.held?.by !== "keyboard" || !(event.target as Element).isConnected) return;
    const to = event.relatedTarget as Element | null;
    if (to && !to.closest(".slot.held")) this.hand.cancel();
  };

  private placeOf(event: PointerEvent): Place | null {
    const board = this.element.current!;
    const target = event.target as Element;
    if (board.contains(target)) return placeOf(target, event);
    // The carried card covers the board.
    const below = document.elementsFromPoint(event.clientX, event.clientY).find((each) => board.contains(each));
    return below ? placeOf(below, event) : null;
  }
}

/** What keys do on a card, for screen readers. By itself, so that the choice of letters redraws it alone. */
function KeyWords({ canEdit }: { canEdit: boolean }) {
  return <>{canEdit ? texts.keysOfCards(hasLetterKeys.value) : texts.keysOfViewedCards}</>;
}
