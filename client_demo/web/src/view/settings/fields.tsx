/** The name, description and key of a project. */

import { useId, useState } from "preact/hooks";
import { changeProject, Overtaken, type ProjectFields } from "../../state/project_change";
import * as common from "../../texts/common";
import * as texts from "../../texts/settings";
import { Conflict } from "../conflict";
import { useProject } from "../context";
import { type DraftField, useProjectDraft } from "../draft";
import { messageOf } from "../failure";
import { SETTINGS } from "../places";
import type { MakeUndoable } from "./undo_change";

type Name = "name" | "description" | "key";
type Texts = Partial<Pick<ProjectFields, Name>>;

export function Fields({ makeUndoable }: { makeUndoable: MakeUndoable }) {
  const { board, session } = useProject();
  const id = useId();
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const project = board.visible.value!.project;
  const canEdit = board.canEdit.value;
  const isOwner = board.role.value === "owner";
  const fields: Record<Name, DraftField> = {
    name: useProjectDraft(null, `${SETTINGS}name`, texts.drafts.name, project.name),
    description: useProjectDraft(null, `${SETTINGS}description`, texts.drafts.description, project.description ?? ""),
    key: useProjectDraft(null, `${SETTINGS}key`, texts.drafts.key, project.key),
  };
  const written = (Object.keys(fields) as Name[]).filter((name) => fields[name].draft);
  const ready = written.filter((name) => !fields[name].isOvertaken);

  const save = async (names: readonly Name[], base: (name: Name) => string) => {
    setBusy(true);
    setProblem(null);
    const wanted = Object.fromEntries(names.map((name) => [name, storedAs(name, fields[name].text)])) as Texts;
    const seen = Object.fromEntries(
      names.map((name) => [name, name === "description" ? base(name) || null : base(name)]),
    ) as Texts;
    const was = Object.fromEntries(names.map((name) => [name, project[name]])) as Texts;
    try {
      const send = session.request.bind(session) as typeof session.request<typeof project>;
      const answer = makeUndoable(changeProject(send, project, wanted, seen), was, ({ version, name }) =>
        version === project.version ? null : wordsOf(names, name),
      );
      for (const name of names) fields[name].sending(wanted[name] ?? "", answer);
      const made = await answer;
      for (const name of names) fields[name].settle(made[name] ?? "");
    } catch (failure) {
      setProblem(failure instanceof Overtaken ? failure.message : messageOf(failure));
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (ready.length > 0) void save(ready, (name) => fields[name].draft?.base ?? "");
  };
  const conflict = (name: Name) => {
    const { draft, isOvertaken, discard, rebase } = fields[name];
    if (!draft || (canEdit && !isOvertaken)) return null;
    const saved = project[name] ?? "";
    return (
      <Conflict
        name={texts.fieldNames[name]}
        draft={draft}
        saved={saved}
        canEdit={canEdit}
        onSave={() => void save([name], () => saved)}
        onDiscard={discard}
        {...(name === "description" ? { onBoth: rebase } : {})}
      />
    );
  };
  return (
    <section class="sheet">
      <h3>{texts.about}</h3>
      {!canEdit && <p class="quiet small">{whyNot(project.status === "archived", isOwner)}</p>}
      <form class="stack" onSubmit={submit}>
        <div class="field">
          <label for={`${id}-name`}>{common.name}</label>
          <input
            id={`${id}-name`}
            required
            maxLength={100}
            readOnly={!canEdit}
            autoComplete="off"
            value={canEdit ? fields.name.text : project.name}
            onInput={(event) => fields.name.write(event.currentTarget.value)}
          />
        </div>
        {conflict("name")}
        <div class="field">
          <label for={`${id}-description`}>{common.description}</label>
          <textarea
            id={`${id}-description`}
            rows={2}
            maxLength={500}
            readOnly={!canEdit}
            value={canEdit ? fields.description.text : (project.description ?? "")}
            onInput={(event) => fields.description.write(event.currentTarget.value)}
          />
        </div>
        {conflict("description")}
        <div class="field">
          <label for={`${id}-key`}>{texts.key}</label>
          <input
            id={`${id}-key`}
            class="project-key"
            required
            pattern="[A-Za-z]{2,6}"
            title={texts.keyRule}
            maxLength={6}
            readOnly={!canEdit}
            autoComplete="off"
            spellcheck={false}
            aria-describedby={`${id}-key-words`}
            value={canEdit ? fields.key.text : project.key}
            onInput={(event) => fields.key.write(event.currentTarget.value.toUpperCase())}
          />
          <p class="quiet small" id={`${id}-key-words`}>
            {texts.keyHint((fields.key.text || project.key).toUpperCase(), project.key)}
          </p>
        </div>
        {conflict("key")}
        {problem && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        {canEdit && (
          <div class="row end">
            {written.length > 0 && (
              <button
                type="button"
                class="plain"
                onClick={() => {
                  for (const name of written) fields[name].discard();
                }}
              >
                {common.discard}
              </button>
            )}
            <button type="submit" class="primary" disabled={isBusy || ready.length === 0}>
              {common.save}
            </button>
          </div>
        )}
      </form>
    </section>
  );

  /** As it is stored: a name without space around it, an empty description as none. */
  function storedAs(name: Name, text: string): string | null {
    if (name === "description") return text || null;
    return name === "key" ? text.trim().toUpperCase() : text.trim();
  }

  function whyNot(isArchived: boolean, isOwner: boolean): string {
    if (!isArchived) return texts.viewersCannot;
    return isOwner ? texts.restoreFirst : texts.isArchived;
  }

  function wordsOf(names: readonly Name[], name: string): string {
    if (names.length === 1 && names[0] === "name") return texts.isCalled(name);
    return texts.changed(names, name);
  }
}
