/** Who belongs to the project, and what they may do. */

import { useId, useState } from "preact/hooks";
import type { Member, Role } from "../api/shapes";
import { Avatar } from "./avatar";
import { useProject } from "./context";
import { Confirm, Dialog } from "./dialog";
import { messageOf } from "./failure";
import { notify } from "./notice";
import { at, go } from "./route";
import { useSettled } from "./settled";

const ROLE_NAMES: Record<Role, string> = { owner: "Owner", editor: "Editor", viewer: "Viewer" };
const ROLE_WORDS: Record<Role, string> = {
  owner: "Everything, people too",
  editor: "Changes tasks",
  viewer: "Looks on",
};

type Question = { kind: "remove" | "hand-over"; member: Member } | null;

export function MembersDialog({ onClose }: { onClose: () => void }) {
  const project = useProject();
  const { board, session } = project;
  const role = board.role.value;
  const members = [...board.members.value.values()].sort(
    (a, b) => rank(a.role) - rank(b.role) || a.name.localeCompare(b.name),
  );
  const here = new Set(project.company.people.value.map((person) => person.user));
  const [question, setQuestion] = useState<Question>(null);
  const path = (member: Member) => `projects/${project.id}/members/${member.user_id}`;

  const change = async (member: Member, next: Role) => {
    try {
      await session.request("PATCH", path(member), { body: { role: next } });
    } catch (failure) {
      notify(messageOf(failure), "bad");
    }
  };
  const remove = async (member: Member) => {
    try {
      await session.request("DELETE", path(member));
      if (member.user_id === board.userId) go(at.projects);
    } catch (failure) {
      notify(messageOf(failure), "bad");
    }
  };
  return (
    <Dialog title="Members" onClose={onClose} wide>
      {role === "owner" && <Invite />}
      <ul class="members" role="list">
        {members.map((member) => {
          const isSelf = member.user_id === board.userId;
          return (
            <li key={member.user_id}>
              <Avatar id={member.user_id} name={member.name} />
              <span class="who">
                <b dir="auto">{member.name}</b>
                {isSelf && <span class="quiet"> (you)</span>}
                <span class="quiet small">{here.has(member.user_id) ? "Here now" : ROLE_WORDS[member.role]}</span>
              </span>
              {role === "owner" && !isSelf ? (
                <RoleChoice
                  member={member}
                  onChoose={(next) => {
                    if (next === "owner") setQuestion({ kind: "hand-over", member });
                    else void change(member, next);
                  }}
                />
              ) : (
                <span class="role">{ROLE_NAMES[member.role]}</span>
              )}
              {((role === "owner" && !isSelf) || (isSelf && role !== "owner")) && (
                <button type="button" class="plain small" onClick={() => setQuestion({ kind: "remove", member })}>
                  {isSelf ? "Leave" : "Remove"}
                  {!isSelf && <span class="sr"> {member.name}</span>}
                </button>
              )}
            </li>
          );
        })}
      </ul>
      {role !== "owner" && <p class="quiet small">Only the owner invites people and changes roles.</p>}
      {question?.kind === "remove" && (
        <Confirm
          title={question.member.user_id === board.userId ? "Leave this project?" : `Remove ${question.member.name}?`}
          action={question.member.user_id === board.userId ? "Leave" : "Remove"}
          onConfirm={() => void remove(question.member)}
          onClose={() => setQuestion(null)}
        >
          The board closes at once on every screen of theirs. They can be invited again.
        </Confirm>
      )}
      {question?.kind === "hand-over" && (
        <Confirm
          title={`Hand the project over to ${question.member.name}?`}
          action="Hand over"
          onConfirm={() => void change(question.member, "owner")}
          onClose={() => setQuestion(null)}
        >
          They become its only owner and you stay as an editor. Only they can give it back.
        </Confirm>
      )}
    </Dialog>
  );
}

function RoleChoice({ member, onChoose }: { member: Member; onChoose: (role: Role) => void }) {
  // It shows the new role when the event of the change has come.
  const choice = useSettled<HTMLSelectElement>(member.role, (value) => onChoose(value as Role));
  return (
    <select aria-label={`Role of ${member.name}`} {...choice}>
      {(["owner", "editor", "viewer"] as const).map((each) => (
        <option key={each} value={each}>
          {ROLE_NAMES[each]}
        </option>
      ))}
    </select>
  );
}

function Invite() {
  const project = useProject();
  const id = useId();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("editor");
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const invite = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const added = await project.session.request<{ name: string; email_verified: boolean | null }>(
        "POST",
        `projects/${project.id}/members`,
        { body: { email: email.trim(), role } },
      );
      const { name, email_verified } = added.body;
      if (email_verified) notify(`${name} is a member now.`);
      else
        notify(`${name} is a member now. Nobody has checked that ${email.trim()} is theirs: anyone can register it.`);
      setEmail("");
    } catch (failure) {
      setProblem(messageOf(failure));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="invite" onSubmit={invite}>
      <div class="field grow">
        <label for={`${id}-email`}>Invite by e-mail address</label>
        <input
          id={`${id}-email`}
          type="email"
          required
          value={email}
          placeholder="grace@example.org"
          autoComplete="off"
          aria-describedby={problem ? `${id}-problem` : undefined}
          onInput={(event) => setEmail(event.currentTarget.value)}
        />
      </div>
      <div class="field">
        <label for={`${id}-role`}>As</label>
        <select id={`${id}-role`} value={role} onChange={(event) => setRole(event.currentTarget.value as Role)}>
          <option value="editor">Editor</option>
          <option value="viewer">Viewer</option>
        </select>
      </div>
      <button type="submit" class="primary" disabled={isBusy}>
        Invite
      </button>
      {problem && (
        <p class="problem" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

function rank(role: Role): number {
  return ["owner", "editor", "viewer"].indexOf(role);
}
