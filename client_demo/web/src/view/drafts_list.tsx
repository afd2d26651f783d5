/** What the person has written and not saved, wherever it belongs. */

import type { Change } from "../state/change";
import type { Draft } from "../state/drafts";
import { categoryNames } from "../texts/columns";
import * as common from "../texts/common";
import * as texts from "../texts/unsaved";
import { useUnsaved } from "./context";
import { copyText } from "./copy";
import { ago, moment } from "./dates";
import { Dialog } from "./dialog";
import { SETTINGS } from "./places";
import { at } from "./route";

/** Drafts of one project, or of all. */
export function DraftList({ project, onOpen }: { project?: string; onOpen?: () => void }) {
  const { drafts } = useUnsaved();
  const shown = drafts.all.value.filter((draft) => project === undefined || draft.project === project);
  return (
    <ul class="drafts" role="list">
      {shown.map((draft) => {
        const address = addressOf(draft);
        return (
          <li key={`${draft.project}/${draft.task}/${draft.field}`}>
            <p class="draft-head">
              <b>{draft.words}</b>{" "}
              <time class="quiet small" dateTime={draft.at} title={moment(draft.at)}>
                {ago(draft.at)}
              </time>
            </p>
            <blockquote dir="auto">{draft.text || texts.empty}</blockquote>
            {draft.refused && <p class="quiet small">{texts.refused(draft.refused)}</p>}
            <div class="row end">
              <button type="button" class="plain small" onClick={() => void copyText(draft.text)}>
                {common.copy}
              </button>
              <button type="button" class="plain small" onClick={() => drafts.discard(draft)}>
                {common.discard}
                <span class="sr"> {draft.words}</span>
              </button>
              {onOpen && address && (
                <a class="button plain small" href={address} onClick={onOpen}>
                  {texts.open}
                  <span class="sr"> {draft.words}</span>
                </a>
              )}
            </div>
          </li>
        );
      })}
    </ul>
  );
}

export function DraftsDialog({ onClose }: { onClose: () => void }) {
  const { changes, drafts, size } = useUnsaved();
  const waiting = [...changes.all.value.values()].sort((a, b) => a.order - b.order);
  return (
    <Dialog title={texts.title} onClose={onClose} wide>
      {size.value === 0 && <p class="quiet">{texts.nothing}</p>}
      {waiting.length > 0 && (
        <section class="stack">
          <h3>{texts.waiting}</h3>
          <ul class="drafts" role="list">
            {waiting.map(({ change }) => (
              <li key={change.mutation}>
                <p class="draft-head">
                  <b>{nameOf(change)}</b>{" "}
                  <time class="quiet small" dateTime={change.made_at} title={moment(change.made_at)}>
                    {ago(change.made_at)}
                  </time>
                </p>
                {textOf(change) && <blockquote dir="auto">{textOf(change)}</blockquote>}
              </li>
            ))}
          </ul>
        </section>
      )}
      {drafts.all.value.length > 0 && (
        <section class="stack">
          {waiting.length > 0 && <h3>{texts.drafts}</h3>}
          <DraftList onOpen={onClose} />
        </section>
      )}
    </Dialog>
  );
}

function addressOf({ project, task, field }: Draft): string | null {
  if (!project) return null;
  if (task) return at.task(project, task);
  if (field.startsWith(SETTINGS)) return at.settings(project);
  return field.includes("document") ? at.documents(project) : at.project(project);
}

function nameOf(change: Change): string {
  switch (change.kind) {
    case "create":
      return texts.newTask(categoryNames[change.status]);
    case "edit":
      return texts.newFields(Object.keys(change.fields));
    case "labels":
      return texts.labels;
    case "move":
      return texts.move(categoryNames[change.status]);
    case "delete":
      return texts.deletion;
    case "comment":
      return texts.comment[change.deed.do];
    case "restore":
      return texts.restoring;
    default:
      return texts.newerChange;
  }
}

function textOf(change: Change): string {
  switch (change.kind) {
    case "create":
      return change.title;
    case "edit":
      return change.fields.title ?? change.fields.description ?? change.fields.due_on ?? "";
    case "labels":
      return [...change.add.map((label) => `+ ${label}`), ...change.remove.map((label) => `− ${label}`)].join(", ");
    case "comment":
      if (change.deed.do === "react") return change.deed.emoji;
      return "body" in change.deed ? change.deed.body : "";
    default:
      return "";
  }
}
