/** How a project's owner invites by link: the form, the link, and those that are open. */

import { useEffect, useId, useRef, useState } from "preact/hooks";
import { newId } from "../api/identifier";
import * as common from "../texts/common";
import * as texts from "../texts/members";
import { useProject } from "./context";
import { copyText } from "./copy";
import { messageOf } from "./failure";
import { type InvitedRole, invite, type MadeInvitation } from "./invite";
import { OpenInvitations } from "./open_invitations";

const DAY_SECONDS = 86_400;
const EXPIRIES_DAYS = [1, 7, 30, 90];
const USES = [1, 5, 25, 100];

interface InvitationsProps {
  /** The one that was made last: its link can't be shown again once this is closed. */
  made: MadeInvitation | null;
  onMade: (made: MadeInvitation | null) => void;
}

export function Invitations({ made, onMade }: InvitationsProps) {
  const [isAsking, setAsking] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const isBack = useRef(false);
  /** For each choice that is not answered: asking for it again, also in another form, makes no second link. */
  const keys = useRef(new Map<string, string>()).current;
  useEffect(() => {
    if (!isAsking && isBack.current) button.current?.focus();
    isBack.current = false;
  }, [isAsking]);
  return (
    <section class="invitations" aria-label={texts.invitations}>
      {made && <Link key={made.id} invitation={made} />}
      {isAsking ? (
        <ByLink
          keys={keys}
          onDone={(done) => {
            onMade(done);
            setAsking(false);
          }}
          onCancel={() => {
            isBack.current = true;
            setAsking(false);
          }}
        />
      ) : (
        <button type="button" class="plain" ref={button} onClick={() => setAsking(true)}>
          {texts.inviteByLink}
        </button>
      )}
      <OpenInvitations
        made={made}
        onWithdrawn={(id) => {
          if (made?.id === id) onMade(null);
          button.current?.focus();
        }}
      />
    </section>
  );
}

interface ByLinkProps {
  keys: Map<string, string>;
  onDone: (made: MadeInvitation) => void;
  onCancel: () => void;
}

function ByLink({ keys, onDone, onCancel }: ByLinkProps) {
  const project = useProject();
  const id = useId();
  const [role, setRole] = useState<InvitedRole>("editor");
  const [days, setDays] = useState(7);
  const [uses, setUses] = useState(1);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const first = useRef<HTMLSelectElement>(null);
  useEffect(() => first.current?.focus(), []);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const choice = [role, days, uses].join();
    const key = keys.get(choice) ?? newId();
    keys.set(choice, key);
    try {
      const made = await invite(project, { role, expires_in: days * DAY_SECONDS, max_uses: uses }, key);
      keys.delete(choice);
      onDone(made);
    } catch (failure) {
      setProblem(messageOf(failure));
      setBusy(false);
    }
  };
  return (
    <form class="invite" onSubmit={submit}>
      <div class="field">
        <label for={`${id}-role`}>{texts.joinAs}</label>
        <select
          id={`${id}-role`}
          ref={first}
          value={role}
          onChange={(event) => setRole(event.currentTarget.value as InvitedRole)}
        >
          <option value="editor">{texts.roles.editor}</option>
          <option value="viewer">{texts.roles.viewer}</option>
        </select>
      </div>
      <div class="field">
        <label for={`${id}-days`}>{texts.worksFor}</label>
        <select id={`${id}-days`} value={days} onChange={(event) => setDays(Number(event.currentTarget.value))}>
          {EXPIRIES_DAYS.map((value) => (
            <option key={value} value={value}>
              {texts.days(value)}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for={`${id}-uses`}>{texts.admits}</label>
        <select id={`${id}-uses`} value={uses} onChange={(event) => setUses(Number(event.currentTarget.value))}>
          {USES.map((value) => (
            <option key={value} value={value}>
              {texts.people(value)}
            </option>
          ))}
        </select>
      </div>
      <button type="submit" class="primary" disabled={isBusy}>
        {texts.makeLink}
      </button>
      <button type="button" class="plain" onClick={onCancel}>
        {common.cancel}
      </button>
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

function Link({ invitation: { url, email, mail } }: { invitation: MadeInvitation }) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
    if (field.current) field.current.scrollLeft = 0;
  }, []);
  return (
    <div class="field new-link">
      <label for={id}>{email ? texts.linkFor(email) : texts.link}</label>
      <div class="row">
        <input
          id={id}
          ref={field}
          type="text"
          readOnly
          value={url}
          aria-describedby={`${id}-hint`}
          onFocus={(event) => event.currentTarget.select()}
        />
        <button type="button" class="primary" onClick={() => void copyText(url)}>
          {common.copy}
        </button>
      </div>
      <p class="quiet small" id={`${id}-hint`}>
        {mail && `${texts.sentByMail} `}
        {texts.shownOnce} {email ? texts.oneCanUse : texts.anyoneCanUse}
      </p>
    </div>
  );
}
