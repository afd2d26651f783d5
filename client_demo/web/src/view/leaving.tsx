/** The sign-out, which asks before it leaves something unsaved on this device. */

import { forgetDocuments } from "../account/kept";
import type { Session } from "../account/session";
import type { Unsaved } from "../account/unsaved";
import * as common from "../texts/common";
import * as texts from "../texts/unsaved";
import { useSession, useUnsaved } from "./context";
import { Dialog } from "./dialog";
import { notify } from "./notice";

/** Sign out, and say what stays. */
export async function signOut(session: Session, unsaved: Unsaved): Promise<void> {
  const user = session.user.peek();
  if (unsaved.size.peek() > 0) {
    notify(texts.keptUntil);
  }
  if (user) void forgetDocuments(user.id);
  await session.signOut();
}

export function SignOutDialog({ onClose }: { onClose: () => void }) {
  const session = useSession();
  const unsaved = useUnsaved();
  const words = texts.summary(unsaved.changes.all.value.size, unsaved.drafts.all.value.length);
  const leave = () => {
    onClose();
    void signOut(session, unsaved);
  };
  return (
    <Dialog title={texts.signOutQuestion} onClose={onClose}>
      <p>{words}</p>
      <p class="quiet">{unsaved.isKept.value ? texts.staysHere : texts.isLost}</p>
      <div class="row end">
        <button type="button" class="plain" onClick={onClose}>
          {texts.stay}
        </button>
        <button
          type="button"
          class="danger"
          onClick={() => {
            unsaved.forget();
            leave();
          }}
        >
          {texts.deleteThem}
        </button>
        <button type="button" class="primary" onClick={leave}>
          {common.signOut}
        </button>
      </div>
    </Dialog>
  );
}
