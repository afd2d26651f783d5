/** Archiving a project, restoring and deleting it: for its owner. */

import { useId, useState } from "preact/hooks";
import type { Project } from "../../api/shapes";
import * as common from "../../texts/common";
import * as texts from "../../texts/settings";
import { useProject } from "../context";
import { CancelButton, Dialog } from "../dialog";
import { messageOf } from "../failure";
import { notify } from "../notice";
import { leaveProject } from "../project_end";
import type { MakeUndoable } from "./undo_change";

export function Ending({ makeUndoable }: { makeUndoable: MakeUndoable }) {
  const { board, id, session } = useProject();
  const [isDeleting, setDeleting] = useState(false);
  const { name, status } = board.visible.value!.project;
  const isArchived = status === "archived";
  const setStatus = async (next: Project["status"]) => {
    try {
      const request = session.request<Project>("PATCH", `projects/${id}`, { body: { status: next } });
      const words = next === "archived" ? texts.wasArchived(name) : texts.isActive(name);
      await makeUndoable(
        request.then(({ body }) => body),
        { status },
        () => words,
      );
    } catch (failure) {
      notify(messageOf(failure), "bad");
    }
  };
  return (
    <>
      <section class="sheet">
        <h3>{isArchived ? common.restore : texts.archive}</h3>
        <p class="quiet">{isArchived ? texts.restoreHint : texts.archiveHint}</p>
        <div class="row">
          <button type="button" class="plain" onClick={() => void setStatus(isArchived ? "active" : "archived")}>
            {isArchived ? texts.restoreProject : texts.archiveProject}
          </button>
        </div>
      </section>
      <section class="sheet">
        <h3>{texts.deleteTitle}</h3>
        <p class="quiet">{texts.deleteHint}</p>
        <div class="row">
          <button type="button" class="danger" onClick={() => setDeleting(true)}>
            {texts.deleteProject}
          </button>
        </div>
      </section>
      {isDeleting && <DeleteDialog onClose={() => setDeleting(false)} />}
    </>
  );
}

function DeleteDialog({ onClose }: { onClose: () => void }) {
  const { board, id: projectId, session } = useProject();
  const id = useId();
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const { name, version, task_count } = board.visible.value!.project;
  const isTyped = typed.trim().normalize() === name.trim().normalize();
  const remove = async (event: Event) => {
    event.preventDefault();
    if (!isTyped) return;
    setBusy(true);
    setProblem(null);
    try {
      await session.request("DELETE", `projects/${projectId}`, { headers: { "If-Match": `"${version}"` } });
      leaveProject(projectId);
      notify(texts.wasDeleted(name));
    } catch (failure) {
      setProblem(messageOf(failure));
      setBusy(false);
    }
  };
  return (
    <Dialog title={texts.deleteQuestion(name)} onClose={onClose}>
      <form class="stack" onSubmit={remove}>
        <p class="quiet">{texts.deleteWarning(task_count)}</p>
        <div class="field">
          <label for={id}>
            {texts.typeName} <b dir="auto">{name}</b>
          </label>
          <input
            id={id}
            required
            autoComplete="off"
            spellcheck={false}
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </div>
        {problem && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <div class="row end">
          <CancelButton />
          <button type="submit" class="danger" disabled={!isTyped || isBusy}>
            {texts.deleteForGood}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
