/** What an import would make, before it begins. */

import { useMemo } from "preact/hooks";
import type { Imported, ImportRun } from "../../state/import_run";
import * as common from "../../texts/common";
import * as texts from "../../texts/import";
import { useProject } from "../context";
import { dayOf } from "../dates";

const SHOWN = 5;

interface ImportPreviewProps {
  name: string;
  run: ImportRun;
  preview: Imported;
  onImport: () => void;
  onCancel: () => void;
}

export function ImportPreview({ name, run, preview, onImport, onCancel }: ImportPreviewProps) {
  const { board } = useProject();
  const columns = new Map(board.visible.value!.columns.map((column) => [column.id, column.name]));
  const taken = preview.headings.filter(({ field }) => field);
  const ignored = preview.headings.filter(({ field, text }) => !field && text.trim());
  const drafts = preview.drafts.slice(0, SHOWN);
  const { tasks } = board.visible.value!;
  const known = useMemo(() => run.countKnown(preview, tasks), [run, preview, tasks]);
  const remarks = preview.left_out.length + preview.doubts.length;
  return (
    <div class="stack">
      <p>
        <b>{name}</b>
        {texts.inFile(run.total)}
      </p>
      <dl class="mapping">
        {taken.map(({ text, field }, index) => (
          <div key={index}>
            <dt dir="auto">{text}</dt>
            <dd>{texts.fields[field!]}</dd>
          </div>
        ))}
      </dl>
      {ignored.length > 0 && <p class="quiet small">{texts.ignored(ignored.map(({ text }) => text).join(", "))}</p>}
      {drafts.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways on a phone, and keys must be able to
        <section class="table-frame" tabIndex={0} aria-label={texts.firstTasks}>
          <table>
            <caption class="sr">{texts.firstTasks}</caption>
            <thead>
              <tr>
                <th scope="col">{common.title}</th>
                <th scope="col">{texts.column}</th>
                <th scope="col">{texts.labels}</th>
                <th scope="col">{texts.assignee}</th>
                <th scope="col">{texts.due}</th>
              </tr>
            </thead>
            <tbody>
              {drafts.map((draft) => (
                <tr key={draft.row}>
                  <td dir="auto">{draft.title}</td>
                  <td>{columns.get(draft.column_id)}</td>
                  <td>{draft.labels.join(", ")}</td>
                  <td>{draft.assignee_id && board.members.value.get(draft.assignee_id)?.name}</td>
                  <td>{draft.due_on && dayOf(draft.due_on)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {remarks > 0 && (
        <p class="note">{texts.doubts(Math.min(run.total, 100), preview.left_out.length, preview.doubts.length)}</p>
      )}
      {known > 0 && <p class="note">{texts.known(known, run.total)}</p>}
      <p class="quiet small">{texts.tellsNobody}</p>
      <div class="row end">
        <button type="button" class="plain" onClick={onCancel}>
          {common.cancel}
        </button>
        <button type="button" class="primary" disabled={run.total === 0} onClick={onImport}>
          {texts.begin(run.total)}
        </button>
      </div>
    </div>
  );
}
