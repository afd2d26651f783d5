/** How a person wants to see a column: its order, and whether only its head is shown. */

import type { Column } from "../api/shapes";
import type { Sort } from "../state/arrangement";
import * as texts from "../texts/columns";
import { useBoardChoices } from "./board_choices";
import { Icon } from "./icons";

interface ColumnViewProps {
  column: Column;
  /** Called before the column changes. */
  onChoose: () => void;
}

/** Part of a column's menu. */
export function ColumnView({ column, onChoose }: ColumnViewProps) {
  const choices = useBoardChoices();
  const now = choices.arrangement.value.sorts[column.id] ?? "hand";
  return (
    <>
      <div class="menu-choices" role="group" aria-label={texts.order}>
        {(Object.entries(texts.sortNames) as [Sort, string][]).map(([sort, name]) => (
          <button
            type="button"
            class="menu-item"
            key={sort}
            aria-pressed={now === sort}
            onClick={() => {
              onChoose();
              choices.sort(column.id, sort);
            }}
          >
            <Icon name={now === sort ? "check" : "sort"} />
            {name}
          </button>
        ))}
      </div>
      <button
        type="button"
        class="menu-item"
        onClick={() => {
          onChoose();
          choices.collapse(column.id, true);
          focusOn(column, ".expand");
        }}
      >
        <Icon name="collapse" />
        {texts.collapse}
      </button>
    </>
  );
}

/** In a column's head: how it is sorted, unless that is by hand. */
export function SortSign({ column }: { column: Column }) {
  const sort = useBoardChoices().arrangement.value.sorts[column.id] ?? "hand";
  if (sort === "hand") return null;
  const words = texts.sorted(sort);
  return (
    <span class="sort-sign" title={words}>
      <Icon name="sort" size={15} />
      <span class="sr">{words}</span>
    </span>
  );
}

/** Put the focus into the column once it is drawn anew. */
export function focusOn({ id }: Column, selector: string): void {
  requestAnimationFrame(() =>
    document.querySelector<HTMLElement>(`.board .column[data-id="${CSS.escape(id)}"] ${selector}`)?.focus(),
  );
}
