/** The dialog that makes a project. */

import { useId, useState } from "preact/hooks";
import type { Project } from "../api/shapes";
import * as common from "../texts/common";
import * as texts from "../texts/projects";
import { useSession } from "./context";
import { loadCurrent } from "./current";
import { CancelButton, Dialog } from "./dialog";
import { useDraft } from "./draft";
import { messageOf } from "./failure";
import { useOnScreen } from "./on_screen";
import { at, go } from "./route";

export function NewProject({ onClose }: { onClose: () => void }) {
  const session = useSession();
  const id = useId();
  const name = useDraft({ project: null, task: null, field: "new-project:name" }, texts.draftOfName);
  const description = useDraft({ project: null, task: null, field: "new-project:words" }, texts.draftOfWords);
  const isWritten = name.draft !== undefined || description.draft !== undefined;
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const isOnScreen = useOnScreen();
  const discard = () => {
    name.discard();
    description.discard();
  };
  const create = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const body = { name: name.text.trim(), description: description.text.trim() || null };
    try {
      const headers = { "Idempotency-Key": `${name.key} ${description.key}` };
      const made = await session.request<Project>("POST", "projects", { body, headers });
      name.settle("");
      description.settle("");
      if (isOnScreen()) go(at.project(made.body.id));
      else loadCurrent(); // whoever has closed the dialog finds it in the list
    } catch (failure) {
      setProblem(messageOf(failure));
      setBusy(false);
    }
  };
  return (
    <Dialog title={texts.newProject} onClose={onClose} unsaved={isWritten ? { discard } : null}>
      <form onSubmit={create} class="stack">
        <div class="field">
          <label for={`${id}-name`}>{common.name}</label>
          <input
            id={`${id}-name`}
            required
            maxLength={100}
            value={name.text}
            autoComplete="off"
            onInput={(event) => name.write(event.currentTarget.value)}
          />
        </div>
        <div class="field">
          <label for={`${id}-words`}>{texts.words}</label>
          <textarea
            id={`${id}-words`}
            rows={3}
            maxLength={500}
            value={description.text}
            onInput={(event) => description.write(event.currentTarget.value)}
          />
        </div>
        {problem && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <div class="row end">
          <CancelButton />
          <button type="submit" class="primary" disabled={isBusy}>
            {texts.create}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
