/** How a person looks at a project's tasks, as its address says it: a filter, and as a board or a list. */

import { type Filter, filterFromQuery, filterToQuery, NO_FILTER } from "./filter";
import { isListSort, type ListSort } from "./list_sort";

export interface Look {
  filter: Filter;
  view: "board" | "list";
  /** The order of the list; null is the board's: by column, and by hand in each. */
  sort: ListSort | null;
}

export const PLAIN_LOOK: Look = { filter: NO_FILTER, view: "board", sort: null };

/** What follows the `?` in the address; empty for all tasks on the board. */
export function lookToQuery({ filter, view, sort }: Look): string {
  const parts = filterToQuery(filter);
  if (view === "list") parts.push(["view", "list"]);
  if (view === "list" && sort) parts.push(["sort", sort]);
  return new URLSearchParams(parts).toString();
}

/** What it gets wrong is left out. `reader` is the person who opens the address. */
export function lookFromQuery(query: string, reader: string): Look {
  const given = new URLSearchParams(query);
  const sort = given.get("sort");
  return {
    filter: filterFromQuery(given, reader),
    view: given.get("view") === "list" ? "list" : "board",
    sort: isListSort(sort) ? sort : null,
  };
}
