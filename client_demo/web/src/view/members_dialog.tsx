/** The project's members and their roles. */

import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Refused } from "../api/request";
import type { Member, Role } from "../api/shapes";
import { Choice } from "../state/choice";
import * as texts from "../texts/members";
import { Avatar } from "./avatar";
import { useProject } from "./context";
import { Confirm, Dialog } from "./dialog";
import { useProjectDraft } from "./draft";
import { messageOf } from "./failure";
import { Invitations } from "./invitations";
import { type InvitedRole, invite, type MadeInvitation } from "./invite";
import { notify } from "./notice";
import { NotificationLevel } from "./notification_level";
import { leaveProject } from "./project_end";
import { at } from "./route";
import { useRowFocus } from "./row_focus";
import { useSettled } from "./settled";

type Question = { kind: "remove"; member: Member } | { kind: "hand-over"; member: Member; handOver: () => void } | null;

export function MembersDialog({ onClose }: { onClose: () => void }) {
  const project = useProject();
  const { board, session } = project;
  const role = board.role.value;
  const members = [...board.members.value.values()].sort(
    (a, b) => rank(a.role) - rank(b.role) || a.name.localeCompare(b.name),
  );
  const here = new Set(project.presence.people.value.map((person) => person.user));
  const [question, setQuestion] = useState<Question>(null);
  const [made, setMade] = useState<MadeInvitation | null>(null);
  const rows = useRowFocus<HTMLUListElement>();
  const path = (member: Member) => `projects/${project.id}/members/${member.user_id}`;

  const remove = async (member: Member) => {
    try {
      await session.request("DELETE", path(member));
      if (member.user_id === board.userId) leaveProject(project.id);
    } catch (failure) {
      notify(messageOf(failure), "bad");
    }
  };
  return (
    <Dialog title={texts.title} onClose={onClose} wide>
      {role === "owner" && <Invite onMade={setMade} />}
      {role === "owner" && <Invitations made={made} onMade={setMade} />}
      <ul class="members" role="list" {...rows}>
        {members.map((member) => {
          const isSelf = member.user_id === board.userId;
          return (
            <li key={member.user_id}>
              <Avatar id={member.user_id} name={member.name} />
              <span class="who">
                <b dir="auto">{member.name}</b>
                {isSelf && <span class="quiet"> {texts.you}</span>}
                <span class="quiet small">
                  {here.has(member.user_id) ? texts.hereNow : texts.roleHints[member.role]}
                </span>
              </span>
              {role === "owner" && !isSelf ? (
                <RoleChoice
                  member={member}
                  onChange={(role) => session.request("PATCH", path(member), { body: { role } })}
                  onHandOver={(handOver) => setQuestion({ kind: "hand-over", member, handOver })}
                />
              ) : (
                <span class="role">{texts.roles[member.role]}</span>
              )}
              {((role === "owner" && !isSelf) || (isSelf && role !== "owner")) && (
                <button type="button" class="plain small" onClick={() => setQuestion({ kind: "remove", member })}>
                  {isSelf ? texts.leave : texts.remove}
                  {!isSelf && <span class="sr"> {member.name}</span>}
                </button>
              )}
            </li>
          );
        })}
      </ul>
      <NotificationLevel />
      <p class="small">
        <a class="text-link" href={at.settings(project.id)} onClick={onClose}>
          {texts.allSettings}
        </a>
      </p>
      {role !== "owner" && <p class="quiet small">{texts.ownerOnly}</p>}
      {question?.kind === "remove" && (
        <Confirm
          title={
            question.member.user_id === board.userId ? texts.leaveQuestion : texts.removeQuestion(question.member.name)
          }
          action={question.member.user_id === board.userId ? texts.leave : texts.remove}
          onConfirm={() => void remove(question.member)}
          onClose={() => setQuestion(null)}
        >
          {question.member.user_id === board.userId ? texts.leaveHint : texts.removeHint}
        </Confirm>
      )}
      {question?.kind === "hand-over" && (
        <Confirm
          title={texts.handOverQuestion(question.member.name)}
          action={texts.handOver}
          onConfirm={question.handOver}
          onClose={() => setQuestion(null)}
        >
          {texts.handOverHint}
        </Confirm>
      )}
    </Dialog>
  );
}

interface RoleChoiceProps {
  member: Member;
  onChange: (role: Role) => Promise<unknown>;
  /** Called before the role of the owner is given away; `handOver` gives it. */
  onHandOver: (handOver: () => void) => void;
}

function RoleChoice({ member, onChange, onHandOver }: RoleChoiceProps) {
  const [chosen, setChosen] = useState<Role | null>(null);
  const choice = useRef(
    new Choice<Role>(onChange, setChosen, (failure) => {
      setChosen(null);
      notify(messageOf(failure), "bad");
    }),
  ).current;
  useEffect(() => choice.told(member.role), [member.role]);
  const field = useSettled<HTMLSelectElement>(chosen ?? member.role, (role) => {
    if (role === "owner") onHandOver(() => void choice.choose(role));
    else void choice.choose(role as Role);
  });
  return (
    <select aria-label={texts.roleOf(member.name)} {...field}>
      {(["owner", "editor", "viewer"] as const).map((each) => (
        <option key={each} value={each}>
          {texts.roles[each]}
        </option>
      ))}
    </select>
  );
}

/** By e-mail address: somebody with an account becomes a member at once, others can be sent an invitation. */
function Invite({ onMade }: { onMade: (made: MadeInvitation) => void }) {
  const project = useProject();
  const id = useId();
  const { text: email, key, write, settle } = useProjectDraft(null, "invite", texts.draft);
  const [role, setRole] = useState<InvitedRole>("editor");
  const [problem, setProblem] = useState<string | null>(null);
  const [isUnknown, setUnknown] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const sendInvitation = async () => {
    setBusy(true);
    try {
      onMade(await invite(project, { role, email: email.trim() }, `${key} ${role}`));
      setUnknown(false);
      settle("");
    } catch (failure) {
      setProblem(messageOf(failure));
    } finally {
      setBusy(false);
    }
  };
  const add = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    setUnknown(false);
    try {
      const added = await project.session.request<{ name: string; email_verified: boolean | null }>(
        "POST",
        `projects/${project.id}/members`,
        { body: { email: email.trim(), role } },
      );
      const { name, email_verified } = added.body;
      if (email_verified) notify(texts.isMember(name));
      else notify(texts.isUnverified(name, email.trim()));
      settle("");
    } catch (failure) {
      if (isWithoutAccount(failure)) setUnknown(true);
      else setProblem(messageOf(failure));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="invite" onSubmit={add}>
      <div class="field grow">
        <label for={`${id}-email`}>{texts.inviteByEmail}</label>
        <input
          id={`${id}-email`}
          type="email"
          required
          value={email}
          placeholder={texts.example}
          autoComplete="off"
          aria-describedby={problem ? `${id}-problem` : undefined}
          onInput={(event) => {
            write(event.currentTarget.value);
            setUnknown(false);
          }}
        />
      </div>
      <div class="field">
        <label for={`${id}-role`}>{texts.as}</label>
        <select id={`${id}-role`} value={role} onChange={(event) => setRole(event.currentTarget.value as InvitedRole)}>
          <option value="editor">{texts.roles.editor}</option>
          <option value="viewer">{texts.roles.viewer}</option>
        </select>
      </div>
      <button type="submit" class="primary" disabled={isBusy}>
        {texts.invite}
      </button>
      {isUnknown && (
        <div class="note offer" role="alert">
          <span>{texts.noAccount}</span>
          <button type="button" class="primary small" disabled={isBusy} onClick={() => void sendInvitation()}>
            {texts.sendInvitation}
          </button>
        </div>
      )}
      {problem && (
        <p class="problem" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

/** The server has nobody with the address, which is otherwise right. */
function isWithoutAccount(failure: unknown): boolean {
  return (
    failure instanceof Refused && (failure.details as { type?: string }[]).some(({ type }) => type === "no_account")
  );
}

function rank(role: Role): number {
  return ["owner", "editor", "viewer"].indexOf(role);
}
