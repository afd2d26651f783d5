/** The head of a column: its name, how many tasks it has, and its menu; collapsed, all that is left of it. */

import type { Column } from "../api/shapes";
import type { Grip } from "../state/grip";
import * as texts from "../texts/columns";
import { useBoardChoices } from "./board_choices";
import { colourOf } from "./colours";
import { ColumnMenu } from "./column_menu";
import { focusOn, SortSign } from "./column_view";

interface ColumnHeadProps {
  column: Column;
  /** All columns, from left to right. */
  order: readonly Column[];
  /** Of all its tasks. */
  count: number;
  grip: Grip;
  isCollapsed: boolean;
  canEdit: boolean;
}

export function ColumnHead({ column, order, count, grip, isCollapsed, canEdit }: ColumnHeadProps) {
  const choices = useBoardChoices();
  const name = (
    <>
      <span class="dot" style={colourOf(column.color, column.category)} aria-hidden="true" />
      <span class="column-name" dir="auto">
        {column.name}
      </span>{" "}
      <Count column={column} count={count} grip={grip} />
    </>
  );
  if (isCollapsed) {
    const expand = () => {
      choices.collapse(column.id, false);
      focusOn(column, ".column-head > button");
    };
    return (
      <header class="column-head">
        <h2 id={`column-${column.id}`}>
          <button type="button" class="expand" aria-expanded={false} title={texts.expand(column.name)} onClick={expand}>
            {name}
          </button>
        </h2>
      </header>
    );
  }
  return (
    <header class="column-head">
      <h2 id={`column-${column.id}`}>{name}</h2>
      <SortSign column={column} />
      <ColumnMenu column={column} order={order} count={count} canEdit={canEdit} />
    </header>
  );
}

/** How many tasks the column has, how many of them match, and whether it has more than it should. */
function Count({ column, count, grip }: { column: Column; count: number; grip: Grip }) {
  const { wip_limit: limit } = column;
  const matches = grip.matches.value;
  const matching = matches && (grip.settled.value[column.id] ?? []).filter(({ id }) => matches.has(id)).length;
  const isOver = limit !== null && count > limit;
  return (
    <>
      <span class={isOver ? "count over" : "count"}>
        {matching !== null && texts.matching(matching)}
        {count}
        {limit !== null && <span aria-hidden="true"> / {limit}</span>}
        <span class="sr">
          {texts.tasksWord(count)}
          {limit !== null && texts.limitOf(limit)}
        </span>
      </span>
      {isOver && <span class="over-limit">{texts.overLimit}</span>}
    </>
  );
}
