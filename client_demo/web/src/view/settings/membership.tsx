/** Handing a project over, and leaving it. */

import { useId, useState } from "preact/hooks";
import * as texts from "../../texts/settings";
import { useProject } from "../context";
import { Confirm } from "../dialog";
import { messageOf } from "../failure";
import { notify } from "../notice";
import { leaveProject } from "../project_end";

export function Membership() {
  const { board } = useProject();
  return board.role.value === "owner" ? <HandOver /> : <Leave />;
}

function HandOver() {
  const { board, id: projectId, session } = useProject();
  const id = useId();
  const [wanted, setWanted] = useState("");
  const [isAsking, setAsking] = useState(false);
  const others = [...board.members.value.values()]
    .filter(({ user_id }) => user_id !== board.userId)
    .sort((a, b) => a.name.localeCompare(b.name));
  const chosen = others.find(({ user_id }) => user_id === wanted); // may have left meanwhile
  const isArchived = board.visible.value!.project.status === "archived";
  const handOver = async (user: string) => {
    try {
      await session.request("PATCH", `projects/${projectId}/members/${user}`, { body: { role: "owner" } });
    } catch (failure) {
      notify(messageOf(failure), "bad");
    }
  };
  return (
    <section class="sheet">
      <h3>{texts.handOverTitle}</h3>
      <p class="quiet">
        {texts.oneOwner} {others.length === 0 && texts.onlyMember}
        {others.length > 0 && isArchived && texts.restoreItFirst}
      </p>
      {others.length > 0 && !isArchived && (
        <form
          class="row bottom"
          onSubmit={(event) => {
            event.preventDefault();
            if (chosen) setAsking(true);
          }}
        >
          <div class="field">
            <label for={id}>{texts.newOwner}</label>
            <select id={id} value={chosen?.user_id ?? ""} onChange={(event) => setWanted(event.currentTarget.value)}>
              <option value="">{texts.chooseMember}</option>
              {others.map(({ user_id, name }) => (
                <option key={user_id} value={user_id}>
                  {name}
                </option>
              ))}
            </select>
          </div>
          <button type="submit" class="plain" disabled={!chosen}>
            {texts.handOver}
          </button>
        </form>
      )}
      {isAsking && chosen && (
        <Confirm
          title={texts.handOverQuestion(chosen.name)}
          action={texts.handOver}
          onConfirm={() => void handOver(chosen.user_id)}
          onClose={() => setAsking(false)}
        >
          {texts.handOverHint}
        </Confirm>
      )}
    </section>
  );
}

function Leave() {
  const { board, id, session } = useProject();
  const [isAsking, setAsking] = useState(false);
  const { name } = board.visible.value!.project;
  const leave = async () => {
    try {
      await session.request("DELETE", `projects/${id}/members/${board.userId}`);
      leaveProject(id);
      notify(texts.left(name));
    } catch (failure) {
      notify(messageOf(failure), "bad");
    }
  };
  return (
    <section class="sheet">
      <h3>{texts.leave}</h3>
      <p class="quiet">{texts.leaveHint}</p>
      <div class="row">
        <button type="button" class="danger" onClick={() => setAsking(true)}>
          {texts.leaveProject}
        </button>
      </div>
      {isAsking && (
        <Confirm
          title={texts.leaveQuestion}
          action={texts.leave}
          onConfirm={() => void leave()}
          onClose={() => setAsking(false)}
        >
          {texts.leaveWarning}
        </Confirm>
      )}
    </section>
  );
}
