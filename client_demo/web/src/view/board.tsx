/** The board: three columns, and the ways to carry a card between them. */

import { Component, createRef } from "preact";
import { type Member, STATUS_NAMES, STATUSES, type Status, type Task } from "../api/shapes";
import type { OpenProject } from "../live/open_project";
import type { Place } from "../state/company";
import type { Columns, Grip, Held } from "../state/grip";
import { Column } from "./column";
import { watchPointer } from "./drag";
import { measure, play, type Spots, slotOf } from "./flip";
import { say } from "./notice";

interface BoardProps {
  project: OpenProject;
  grip: Grip;
  columns: Columns;
  held: Held | null;
  members: ReadonlyMap<string, Member>;
  canEdit: boolean;
  day: string;
  /** Set to this board while it is mounted: a `ref` gives elements only. */
  handle: { current: Board | null };
}

interface Before {
  spots: Spots;
  /** The card that had the focus: it may be drawn anew in another column. */
  focused: string | null;
}

export class Board extends Component<BoardProps> {
  private readonly element = createRef<HTMLDivElement>();
  private tabStop: string | null = null;

  override componentDidMount(): void {
    this.props.handle.current = this;
    this.keepTabStop();
  }

  override componentWillUnmount(): void {
    this.props.handle.current = null;
  }

  override getSnapshotBeforeUpdate(before: BoardProps): Before | null {
    if (before.columns === this.props.columns) return null;
    return { spots: measure(this.element.current!), focused: this.focusedName() };
  }

  override componentDidUpdate(_: BoardProps, __: unknown, before: Before | null): void {
    if (!before) return;
    if (before.focused && this.focusedName() !== before.focused) this.focus(before.focused);
    this.keepTabStop();
    play(this.element.current!, before.spots);
  }

  render({ columns, held, members, canEdit, day }: BoardProps) {
    return (
      // biome-ignore lint/a11y/noStaticElementInteractions: it listens for the cards in it, which take the focus
      <div
        class="board"
        ref={this.element}
        onPointerDown={this.pointerDown}
        onPointerMove={this.pointerMove}
        onPointerLeave={this.pointerLeave}
        onKeyDown={this.keyDown}
        onFocusIn={this.focusIn}
        onFocusOut={this.focusOut}
      >
        <p class="sr" id="board-keys">
          {canEdit
            ? "Enter opens the task. Space picks it up; arrow keys carry it; space puts it down and escape leaves it."
            : "Enter opens the task. Arrow keys go to other tasks."}
        </p>
        {STATUSES.map((status) => (
          <Column
            key={status}
            status={status}
            tasks={columns[status]}
            held={held?.to.status === status || held?.from.status === status ? held : null}
            members={members}
            canEdit={canEdit}
            day={day}
          />
        ))}
      </div>
    );
  }

  /** Put the focus on a card, wherever it is now. */
  focus(name: string): void {
    const card = slotOf(this.element.current!, name)?.querySelector<HTMLElement>(".card");
    card?.focus({ preventScroll: true });
    card?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  private readonly pointerDown = (event: PointerEvent) => {
    const slot = (event.target as Element).closest<HTMLElement>(".slot");
    if (!slot || event.button !== 0 || !event.isPrimary || !this.props.canEdit) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // opens it in another tab or window
    const task = this.taskNamed(slot.dataset.task!);
    if (!task || this.props.held) return;
    watchPointer(event, task, slot.dataset.task!, {
      board: this.element.current!,
      grip: this.props.grip,
      onTake: () => this.props.project.signals.tell({ holds: task.id }),
      onMove: this.pointerMove,
      onDrop: () => this.drop(),
      onCancel: () => this.cancel(),
    });
  };

  private readonly pointerMove = (event: PointerEvent) => {
    if (event.pointerType !== "touch") this.props.project.signals.tell({ at: this.placeOf(event) });
  };

  private readonly pointerLeave = () => {
    this.props.project.signals.tell({ at: null });
  };

  private readonly focusIn = (event: FocusEvent) => {
    const slot = (event.target as Element).closest<HTMLElement>(".slot");
    if (!slot) return;
    this.tabStop = slot.dataset.task!;
    this.keepTabStop();
  };

  /** A card in hand by keyboard goes back when the focus goes elsewhere; but not while it is drawn anew. */
  private readonly focusOut = (event: FocusEvent) => {
    if (this.props.held?.by !== "keyboard" || !(event.target as Element).isConnected) return;
    const to = event.relatedTarget as Element | null;
    if (to && !to.closest(".slot.held")) this.cancel();
  };

  private readonly keyDown = (event: KeyboardEvent) => {
    const card = (event.target as Element).closest<HTMLElement>(".card");
    if (!card || event.altKey || event.ctrlKey || event.metaKey) return;
    const { held } = this.props;
    const done = held?.by === "keyboard" ? this.carryByKey(event.key, held) : this.browseByKey(event.key, card);
    if (!done) return;
    event.preventDefault();
    event.stopPropagation();
  };

  private browseByKey(key: string, card: HTMLElement): boolean {
    const name = card.closest<HTMLElement>(".slot")!.dataset.task!;
    const task = this.taskNamed(name);
    if (!task) return false;
    const { columns } = this.props;
    const index = columns[task.status].findIndex((other) => other.id === task.id);
    switch (key) {
      case "ArrowUp":
        return this.focusAt(task.status, index - 1);
      case "ArrowDown":
        return this.focusAt(task.status, index + 1);
      case "ArrowLeft":
        return this.focusBeside(task.status, index, -1);
      case "ArrowRight":
        return this.focusBeside(task.status, index, 1);
      case "Home":
        return this.focusAt(task.status, 0);
      case "End":
        return this.focusAt(task.status, columns[task.status].length - 1);
      case " ":
        return this.take(task);
      default:
        return false;
    }
  }

  private carryByKey(key: string, held: Held): boolean {
    const { to } = held;
    const column = STATUSES.indexOf(to.status);
    switch (key) {
      case "ArrowUp":
        return this.carry(to.status, to.index - 1);
      case "ArrowDown":
        return this.carry(to.status, to.index + 1);
      case "ArrowLeft":
        return this.carry(STATUSES[column - 1] ?? to.status, to.index);
      case "ArrowRight":
        return this.carry(STATUSES[column + 1] ?? to.status, to.index);
      case " ":
      case "Enter":
        this.drop();
        return true;
      case "Escape":
        this.cancel();
        return true;
      default:
        return key.length === 1; // letters do nothing while a card is in hand
    }
  }

  private take(task: Task): boolean {
    if (!this.props.canEdit) {
      say("You can look at this board, not change it.");
      return true;
    }
    this.props.grip.take(task, "keyboard");
    this.props.project.signals.tell({ holds: task.id });
    const held = this.props.grip.held.value;
    if (held) say(`Picked up ${task.title}. ${this.position(held)}. Arrow keys carry it, space puts it down.`);
    return true;
  }

  private carry(status: Status, index: number): true {
    this.props.grip.carry({ status, index });
    const held = this.props.grip.held.value;
    if (held) say(this.position(held));
    return true;
  }

  private drop(): void {
    const { grip, project } = this.props;
    const held = grip.held.value;
    const move = grip.drop();
    project.signals.tell({ holds: null });
    if (!held) return;
    say(`${held.task.title} put down. ${this.position(held)}.`);
    if (move) project.move(move.task, move.status, move.after, move.before);
  }

  private cancel(): void {
    const held = this.props.grip.held.value;
    this.props.grip.cancel();
    this.props.project.signals.tell({ holds: null });
    if (held) say(`${held.task.title} is back where it was.`);
  }

  private placeOf(event: PointerEvent): Place | null {
    const board = this.element.current!;
    const target = event.target as Element;
    if (board.contains(target)) return placeOf(target, event);
    // The card in hand lies over the board.
    const below = document.elementsFromPoint(event.clientX, event.clientY).find((each) => board.contains(each));
    return below ? placeOf(below, event) : null;
  }

  private position({ to, task }: Held): string {
    const others = this.props.grip.settled.value[to.status].filter((other) => other.id !== task.id).length;
    return `${STATUS_NAMES[to.status]}, ${to.index + 1} of ${others + 1}`;
  }

  private focusAt(status: Status, index: number): boolean {
    const tasks = this.props.columns[status];
    const task = tasks[Math.max(0, Math.min(index, tasks.length - 1))];
    if (task) this.focus(this.props.project.board.lastingId(task.id));
    return true;
  }

  /** To the nearest column on that side that has a card. */
  private focusBeside(status: Status, index: number, step: 1 | -1): boolean {
    const start = STATUSES.indexOf(status);
    const side = step > 0 ? STATUSES.slice(start + 1) : STATUSES.slice(0, start).reverse();
    const next = side.find((each) => this.props.columns[each].length > 0);
    return next ? this.focusAt(next, index) : true;
  }

  private focusedName(): string | null {
    const slot = document.activeElement?.closest<HTMLElement>(".board .slot");
    return slot?.dataset.task ?? null;
  }

  /** The board is one stop for the tab key: the card focused last, else the first. Arrow keys go on from there. */
  private keepTabStop(): void {
    const board = this.element.current!;
    const stop = slotOf(board, this.tabStop ?? "") ?? board.querySelector(".slot");
    for (const card of board.querySelectorAll<HTMLElement>('.card[tabindex="0"]')) {
      if (card.parentElement !== stop) card.tabIndex = -1;
    }
    const card = stop?.querySelector<HTMLElement>(".card");
    if (card) card.tabIndex = 0;
  }

  private taskNamed(name: string): Task | undefined {
    const id = this.props.project.board.realId(name);
    for (const status of STATUSES) {
      const found = this.props.columns[status].find((task) => task.id === id || task.id === name);
      if (found) return found;
    }
    return undefined;
  }
}

/** Where on the board a pointer is, in terms that hold on every screen. */
function placeOf(target: Element, event: PointerEvent): Place | null {
  const slot = target.closest<HTMLElement>(".slot");
  const id = slot?.dataset.id;
  if (slot && id) {
    const box = slot.getBoundingClientRect();
    return { task: id, x: share(event.clientX - box.x, box.width), y: share(event.clientY - box.y, box.height) };
  }
  const list = target.closest(".column")?.querySelector<HTMLElement>(".cards");
  if (!list) return null;
  const box = list.getBoundingClientRect();
  const y = Math.round(event.clientY - box.y + list.scrollTop);
  return { column: list.dataset.status!, x: share(event.clientX - box.x, box.width), y };
}

function share(part: number, whole: number): number {
  return Math.round((part / whole) * 1000) / 1000;
}
