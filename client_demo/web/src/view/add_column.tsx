/** The button behind the last column, which adds one. */

import { useState } from "preact/hooks";
import * as texts from "../texts/columns";
import { ColumnDialog } from "./column_dialog";
import { Icon } from "./icons";

export function AddColumn() {
  const [isAdding, setAdding] = useState(false);
  return (
    <>
      <button type="button" class="ghost add-column" onClick={() => setAdding(true)}>
        <Icon name="plus" />
        {texts.addColumn}
      </button>
      {isAdding && <ColumnDialog onClose={() => setAdding(false)} />}
    </>
  );
}
