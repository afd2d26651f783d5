/** The question before a column is deleted, and where its tasks go. */

import { useId, useState } from "preact/hooks";
import type { Column } from "../api/shapes";
import * as texts from "../texts/columns";
import * as common from "../texts/common";
import { useProject } from "./context";
import { Dialog } from "./dialog";
import { messageOf } from "./failure";
import { notify } from "./notice";
import { useOnScreen } from "./on_screen";

interface DeleteColumnProps {
  column: Column;
  /** All columns, from left to right. */
  order: readonly Column[];
  /** How many tasks are in it now. */
  count: number;
  onClose: () => void;
}

export function DeleteColumn({ column, order, count, onClose }: DeleteColumnProps) {
  const project = useProject();
  const id = useId();
  const others = order.filter((each) => each.id !== column.id);
  const siblings = others.filter((each) => each.category === column.category);
  const [chosen, setChosen] = useState(siblings[0]?.id);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const isOnScreen = useOnScreen();
  // The chosen one may be gone meanwhile, too.
  const target = others.find((each) => each.id === chosen) ?? siblings[0];

  if (siblings.length === 0) {
    return (
      <Dialog title={texts.staysTitle} onClose={onClose}>
        <p class="quiet">{texts.stays(column.name, column.category)}</p>
        <div class="row end">
          <button type="button" class="primary" onClick={onClose}>
            {texts.ok}
          </button>
        </div>
      </Dialog>
    );
  }
  const remove = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const query = count > 0 && target ? `?move_to=${encodeURIComponent(target.id)}` : "";
    try {
      await project.session.request("DELETE", `projects/${project.id}/columns/${column.id}${query}`);
      if (isOnScreen()) onClose(); // else another dialog may be open in its place
    } catch (failure) {
      if (!isOnScreen()) return notify(messageOf(failure), "bad");
      setProblem(messageOf(failure));
      setBusy(false);
    }
  };
  return (
    <Dialog title={texts.deleteTitle(column.name)} onClose={onClose}>
      <form onSubmit={remove} class="stack">
        {count > 0 ? (
          <div class="field">
            <label for={id}>{texts.goTo(count)}</label>
            <select id={id} value={target?.id} onChange={(event) => setChosen(event.currentTarget.value)}>
              {others.map((each) => (
                <option key={each.id} value={each.id}>
                  {each.name}
                </option>
              ))}
            </select>
          </div>
        ) : (
          <p class="quiet">{texts.isEmpty}</p>
        )}
        {problem && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <div class="row end">
          <button type="button" class="plain" onClick={onClose}>
            {common.cancel}
          </button>
          <button type="submit" class="danger" disabled={isBusy}>
            {texts.deleteColumn}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
