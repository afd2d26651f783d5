/** What a person should know who can't change the project. */

import * as texts from "../texts/project";
import { seeMenu } from "../texts/unsaved";
import { useProject, useUnsaved } from "./context";

export function Ribbons() {
  const { board } = useProject();
  if (board.visible.value?.project.status === "archived") {
    return (
      <aside class="ribbon" aria-label={texts.archived}>
        {texts.isArchived}
        <WhatIsKept />
      </aside>
    );
  }
  if (board.role.value !== "viewer") return null;
  return (
    <aside class="ribbon" aria-label={texts.yourRole}>
      {texts.isViewer}
      <WhatIsKept />
    </aside>
  );
}

/** Subscribes by itself: the whole board must not be drawn again for each letter of a draft. */
function WhatIsKept() {
  const project = useProject();
  const isWritten = useUnsaved().drafts.all.value.some((draft) => draft.project === project.id);
  return isWritten ? <span> {seeMenu}</span> : null;
}
