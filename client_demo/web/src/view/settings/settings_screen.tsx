/** The settings of a project, as far as the person may change them. */

import { useEffect, useRef } from "preact/hooks";
import { useProject } from "../context";
import { notify } from "../notice";
import { NotificationLevel } from "../notification_level";
import { Ending } from "./ending";
import { Export } from "./export";
import { Fields } from "./fields";
import { Import } from "./import";
import { Membership } from "./membership";
import { useUndoOfChanges } from "./undo_change";
import "./settings.css";
import * as texts from "../../texts/settings";

export function SettingsScreen(_: { onClose: () => void }) {
  const { board } = useProject();
  const role = board.role.value;
  const makeUndoable = useUndoOfChanges();
  useLoss(role === "owner");
  return (
    <section class="place settings" aria-label={texts.title}>
      <div class="page-head">
        <h2>{texts.title}</h2>
      </div>
      <Fields makeUndoable={makeUndoable} />
      <section class="sheet">
        <h3>{texts.notifications}</h3>
        <NotificationLevel />
      </section>
      <Export />
      {role !== "viewer" && <Import />}
      <Membership />
      {role === "owner" && <Ending makeUndoable={makeUndoable} />}
    </section>
  );
}

/** Say it when the person is not the owner any more: parts of the page go away. */
function useLoss(isOwner: boolean): void {
  const { board } = useProject();
  const was = useRef(isOwner);
  useEffect(() => {
    if (was.current && !isOwner) {
      const owner = [...board.members.peek().values()].find((member) => member.role === "owner");
      notify(texts.ownsNow(owner?.name ?? texts.somebodyElse));
    }
    was.current = isOwner;
  }, [isOwner]);
}
