/** The menu in a column's head: see it otherwise, change it, move it, delete it. */

import { useId, useRef, useState } from "preact/hooks";
import type { Column } from "../api/shapes";
import * as boardTexts from "../texts/board";
import * as texts from "../texts/columns";
import { ColumnDialog } from "./column_dialog";
import { stepColumn } from "./column_moves";
import { ColumnView } from "./column_view";
import { useProject } from "./context";
import { DeleteColumn } from "./delete_column";
import { Icon } from "./icons";
import { say } from "./notice";

const MARGIN_PX = 8;

interface ColumnMenuProps {
  column: Column;
  /** All columns, from left to right. */
  order: readonly Column[];
  count: number;
  canEdit: boolean;
}

export function ColumnMenu({ column, order, count, canEdit }: ColumnMenuProps) {
  const project = useProject();
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const [question, setQuestion] = useState<"change" | "delete" | null>(null);
  const index = order.findIndex((each) => each.id === column.id);
  const close = () => setQuestion(null);

  const ask = (next: "change" | "delete") => {
    menu.current!.hidePopover();
    setQuestion(next);
  };
  const move = (step: 1 | -1) => {
    menu.current!.hidePopover();
    void stepColumn(project, column.id, step);
  };
  const select = () => {
    menu.current!.hidePopover();
    project.selection.addColumn(column.id);
    say(`${boardTexts.countSelected(project.selection.size)}.`);
  };
  /** Below its button, inside the window. */
  const place = () => {
    const box = button.current!.getBoundingClientRect();
    const { offsetWidth, style } = menu.current!;
    const left = Math.min(box.right - offsetWidth, window.innerWidth - offsetWidth - MARGIN_PX);
    style.inset = `${box.bottom + 4}px auto auto ${Math.max(MARGIN_PX, left)}px`;
  };
  return (
    <>
      <button
        type="button"
        class="ghost icon-only"
        ref={button}
        popovertarget={id}
        aria-label={texts.optionsOf(column.name)}
      >
        <Icon name="more" />
      </button>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: it listens for the buttons in it */}
      <div
        popover="auto"
        id={id}
        ref={menu}
        class="menu column-menu"
        onToggle={(event) => event.newState === "open" && place()}
        // Escape closes the menu, not the panel of a task too.
        onKeyDown={(event) => event.key === "Escape" && event.stopPropagation()}
      >
        {canEdit && (
          <>
            <button type="button" class="menu-item" onClick={() => ask("change")}>
              <Icon name="pencil" />
              {texts.change}
            </button>
            <button type="button" class="menu-item" disabled={index <= 0} onClick={() => move(-1)}>
              <Icon name="left" />
              {texts.moveLeft}
            </button>
            <button type="button" class="menu-item" disabled={index >= order.length - 1} onClick={() => move(1)}>
              <Icon name="right" />
              {texts.moveRight}
            </button>
            <button type="button" class="menu-item" disabled={count === 0} onClick={select}>
              <Icon name="check" />
              {texts.selectAll}
            </button>
            <button type="button" class="menu-item" onClick={() => ask("delete")}>
              <Icon name="trash" />
              {texts.deleteColumn}
            </button>
          </>
        )}
        <ColumnView column={column} onChoose={() => menu.current!.hidePopover()} />
      </div>
      {question === "change" && <ColumnDialog column={column} onClose={close} />}
      {question === "delete" && <DeleteColumn column={column} order={order} count={count} onClose={close} />}
    </>
  );
}
