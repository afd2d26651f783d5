/** The column in a person's hand, and where it would land. */

import { signal } from "@preact/signals";
import type { Column } from "../api/shapes";
import type { OpenProject } from "../live/open_project";
import { watchHead } from "./column_drag";
import { moveColumn } from "./column_moves";

interface Shown {
  project: OpenProject;
  /** The columns from left to right, without the carried one's new place. */
  order: readonly Column[];
}

/** In hand, or put down and not yet told of by the server. */
interface Carried {
  id: string;
  index: number;
  isInHand: boolean;
}

export class CarriedColumn {
  private readonly carried = signal<Carried | null>(null);

  is(column: string): boolean {
    return this.carried.value?.id === column;
  }

  /** The column's place from the left while one is carried, counted from 0. */
  placeOf(column: string, order: readonly Column[]): number | undefined {
    const carried = this.carried.value;
    if (!carried) return undefined;
    if (carried.id === column) return carried.index;
    const index = order.filter((each) => each.id !== carried.id).findIndex((each) => each.id === column);
    return index < carried.index ? index : index + 1;
  }

  /** The server's order has come: forget a column that was put down. */
  settle(): void {
    if (this.carried.value && !this.carried.value.isInHand) this.carried.value = null;
  }

  /** Watch a pointer that went down on a column's head. */
  watch(down: PointerEvent, column: HTMLElement, shown: () => Shown): void {
    const id = column.dataset.id!;
    watchHead(down, column, {
      board: column.closest<HTMLElement>(".board")!,
      onCarry: (index) => {
        if (this.carried.value?.index !== index) this.carried.value = { id, index, isInHand: true };
      },
      onDrop: () => void this.drop(shown()),
      onCancel: () => {
        this.carried.value = null;
      },
    });
  }

  /** It stays where it was put until the server's event comes, or its refusal. */
  private async drop({ order, project }: Shown): Promise<void> {
    const carried = this.carried.value;
    if (!carried) return;
    this.carried.value = { ...carried, isInHand: false };
    const isMoved = order[carried.index]?.id !== carried.id;
    if (!isMoved || !(await moveColumn(project, order, carried.id, carried.index))) this.settle();
  }
}
