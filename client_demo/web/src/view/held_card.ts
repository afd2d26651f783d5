/** The card in the person's hand, and what is said of it to them and to others. */

import type { Column, Task } from "../api/shapes";
import { movesTo } from "../state/bulk_moves";
import type { Held, Move } from "../state/grip";
import * as texts from "../texts/board";
import * as common from "../texts/common";
import { notify, say } from "./notice";
import type { ShownBoard } from "./shown_board";

export class HeldCard {
  constructor(private readonly shown: () => ShownBoard) {}

  /** Pick it up by keyboard. */
  take(task: Task): void {
    const { canEdit, grip, project } = this.shown();
    if (!canEdit) {
      say(texts.viewOnly);
      return;
    }
    grip.take(task, "keyboard");
    project.signals.tell({ holds: task.id });
    const held = grip.held.value;
    const what = this.nameOf(task);
    if (held) say(texts.pickedUp(what, this.position(held)));
  }

  carry(column: string, index: number): void {
    const { grip } = this.shown();
    grip.carry({ column, index });
    const held = grip.held.value;
    if (held) say(this.position(held));
  }

  drop(): void {
    const { grip, project, order } = this.shown();
    const held = grip.held.value;
    const move = grip.drop();
    project.signals.tell({ holds: null });
    if (!held) return;
    const column = order.find((each) => each.id === held.to.column);
    const sort = grip.sortOf(held.to.column);
    if (!move && column && sort !== "hand") {
      notify(texts.isSorted(column.name, sort));
      return;
    }
    const tasks = this.along(held.task);
    say(texts.putDown(this.nameOf(held.task), this.position(held)));
    if (move && column && tasks.length > 1) this.dropAll(tasks, move, column);
    else if (move && column) project.move(move.task, column, move.after, move.before);
  }

  /** The tasks that go along when one is carried: all that are selected, if it is one of them. */
  along(task: Task): readonly Task[] {
    const { selection, board } = this.shown().project;
    return selection.has(board.lastingId(task.id)) ? selection.tasks.value : [task];
  }

  private nameOf(task: Task): string {
    const count = this.along(task).length;
    return count > 1 ? common.tasks(count) : task.title;
  }

  /** Put them where the carried one was put down. */
  private dropAll(tasks: readonly Task[], { after, before }: Move, column: Column): void {
    const { grip, project } = this.shown();
    const there = grip.settled.value[column.id] ?? [];
    const place = (id: string) => there.findIndex((each) => each.id === id);
    const index = after ? place(after) + 1 : before ? place(before) : there.length;
    const goal = { kind: "move", column: column.id, status: column.category } as const;
    project.changeAll(movesTo(tasks, there, index).map(({ task, ...move }) => ({ task, deed: { ...goal, ...move } })));
  }

  cancel(): void {
    const { grip, project } = this.shown();
    const held = grip.held.value;
    grip.cancel();
    project.signals.tell({ holds: null });
    if (held) say(texts.backAgain(held.task.title));
  }

  private position({ to, task }: Held): string {
    const { grip, order } = this.shown();
    const others = grip.others(to.column, task).length;
    const name = order.find((column) => column.id === to.column)?.name ?? "";
    const sort = grip.sortOf(to.column);
    const place = texts.place(name, to.index + 1, others + 1);
    return sort === "hand" ? place : texts.sortedPlace(place, sort);
  }
}
