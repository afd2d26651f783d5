/** The title of a document: a new one's, or another one. */

import { useId, useState } from "preact/hooks";
import type { Document, DocumentState } from "../api/shapes";
import * as common from "../texts/common";
import * as texts from "../texts/documents";
import { useProject } from "./context";
import { CancelButton, Dialog } from "./dialog";
import { type DraftField, useProjectDraft } from "./draft";
import { messageOf } from "./failure";
import { useOnScreen } from "./on_screen";
import { at, go } from "./route";

/** Asks for the title of a new document, or another one for `document`. */
export function TitleDialog({ document, onClose }: { document?: DocumentState; onClose: () => void }) {
  const project = useProject();
  const id = useId();
  const title = useDocumentTitle(document);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const isOnScreen = useOnScreen();
  const save = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const body = { title: title.text.trim() };
    try {
      if (document) {
        const answer = project.session.request("PATCH", `documents/${document.id}`, { body });
        title.sending(body.title, answer);
        await answer;
      } else {
        const headers = { "Idempotency-Key": title.key };
        const path = `projects/${project.id}/documents`;
        const made = await project.session.request<Document>("POST", path, { body, headers });
        if (isOnScreen()) go(at.document(project.id, made.body.id));
      }
      title.settle(document ? body.title : "");
      if (isOnScreen()) onClose(); // else another dialog may be open in its place
    } catch (failure) {
      setProblem(messageOf(failure));
      setBusy(false);
    }
  };
  return (
    <Dialog title={document ? texts.renameTitle : texts.newTitle} onClose={onClose} unsaved={title.draft && title}>
      <form onSubmit={save} class="stack">
        <div class="field">
          <label for={id}>{common.title}</label>
          <input
            id={id}
            required
            maxLength={200}
            value={title.text}
            autoComplete="off"
            onInput={(event) => title.write(event.currentTarget.value)}
          />
        </div>
        {title.isOvertaken && <p class="note">{texts.renamedMeanwhile(document?.title ?? "")}</p>}
        {problem && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <div class="row end">
          <CancelButton />
          <button type="submit" class="primary" disabled={isBusy}>
            {document ? common.rename : texts.create}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function useDocumentTitle(document: DocumentState | undefined): DraftField {
  const words = document ? texts.draftOfTitle(document.title) : texts.draftOfNewTitle;
  const field = document ? `document-title:${document.id}` : "new-document";
  return useProjectDraft(null, field, words, document?.title);
}
