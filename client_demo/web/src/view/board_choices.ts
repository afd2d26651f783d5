/** How one person has arranged one project's board in this browser: the columns' orders, and those collapsed. */

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { type Arrangement, AS_IT_IS, isSort, type Sort } from "../state/arrangement";

export class BoardChoices {
  private readonly key: string;
  private readonly chosen: Signal<Arrangement>;

  constructor(
    person: string,
    project: string,
    private readonly storage: Storage = localStorage,
  ) {
    this.key = `roomful.board.${person}.${project}`;
    this.chosen = signal(parse(storage.getItem(this.key)));
  }

  get arrangement(): ReadonlySignal<Arrangement> {
    return this.chosen;
  }

  sort(column: string, sort: Sort): void {
    const { [column]: _, ...others } = this.chosen.value.sorts;
    this.keep({ ...this.chosen.value, sorts: sort === "hand" ? others : { ...others, [column]: sort } });
  }

  collapse(column: string, isCollapsed: boolean): void {
    const others = this.chosen.value.collapsed.filter((each) => each !== column);
    this.keep({ ...this.chosen.value, collapsed: isCollapsed ? [...others, column] : others });
  }

  private keep(arrangement: Arrangement): void {
    this.chosen.value = arrangement;
    try {
      this.storage.setItem(this.key, JSON.stringify(arrangement));
    } catch {
      // The browser's storage is full or forbidden: it holds until the page is closed.
    }
  }
}

function parse(kept: string | null): Arrangement {
  try {
    const { sorts, collapsed } = JSON.parse(kept ?? "null") as Arrangement;
    return {
      sorts: Object.fromEntries(Object.entries(sorts).filter(([, sort]) => isSort(sort))),
      collapsed: collapsed.filter((each) => typeof each === "string"),
    };
  } catch {
    return AS_IT_IS; // nothing kept, or by another version
  }
}

export const BoardChoicesContext = createContext<BoardChoices | null>(null);

export function useBoardChoices(): BoardChoices {
  return useContext(BoardChoicesContext)!;
}
