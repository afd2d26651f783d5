/** The invitations that still admit somebody. */

import { useEffect, useState } from "preact/hooks";
import * as texts from "../texts/members";
import { useProject } from "./context";
import { moment } from "./dates";
import { messageOf } from "./failure";
import type { Invitation, MadeInvitation } from "./invite";
import { notify } from "./notice";
import { useOneAtATime } from "./one_at_a_time";

interface OpenInvitationsProps {
  /** The one that was made last. */
  made: MadeInvitation | null;
  onWithdrawn: (id: string) => void;
}

export function OpenInvitations({ made, onWithdrawn }: OpenInvitationsProps) {
  const project = useProject();
  const [invitations, setInvitations] = useState<Invitation[]>([]);
  const path = `projects/${project.id}/invitations`;
  const members = project.board.members.value.size;
  const [attempt, setAttempt] = useState(0);
  const once = useOneAtATime();
  useEffect(() => {
    let isShown = true;
    project.session
      .request<Invitation[]>("GET", `${path}?limit=200`)
      .then((answer) => isShown && setInvitations(answer.body))
      .catch((failure: unknown) => isShown && notify(messageOf(failure), "bad"));
    return () => {
      isShown = false;
    };
  }, [path, members, made, attempt]);
  const withdraw = async (invitation: Invitation) => {
    try {
      await project.session.request("DELETE", `${path}/${invitation.id}`);
      setInvitations((known) => known.filter(({ id }) => id !== invitation.id));
      notify(texts.withdrawn);
      onWithdrawn(invitation.id);
    } catch (failure) {
      notify(messageOf(failure), "bad");
    }
    setAttempt((count) => count + 1);
  };
  if (invitations.length === 0) return null;
  return (
    <>
      <h3>{texts.open}</h3>
      <ul class="members" role="list">
        {invitations.map((invitation) => {
          const whom = invitation.email ?? texts.anybody;
          return (
            <li key={invitation.id}>
              <span class="who">
                <b>{whom}</b>
                <span class="quiet small">{describe(invitation)}</span>
              </span>
              <button
                type="button"
                class="plain small"
                onClick={() => void once(invitation.id, () => withdraw(invitation))}
              >
                {texts.withdraw}
                <span class="sr"> {texts.withdrawRest(whom)}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </>
  );
}

function describe({ role, email, uses, max_uses, expires_at, mail }: Invitation): string {
  const parts = [texts.asRole(role), texts.until(moment(expires_at))];
  if (!email) parts.push(texts.used(uses, max_uses));
  if (mail) parts.push(texts.mail[mail]);
  return parts.join(" · ");
}
