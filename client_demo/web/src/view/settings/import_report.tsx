/** What an import has made, and what it has left out. */

import { save } from "../../api/download";
import { type Ending, type ImportRun, reportOf } from "../../state/import_run";
import * as texts from "../../texts/import";

const SHOWN = 20;

interface ImportReportProps {
  name: string;
  run: ImportRun;
  ending: Ending;
  onAgain: () => void;
  onClose: () => void;
}

export function ImportReport({ name, run, ending, onAgain, onClose }: ImportReportProps) {
  const { remarks } = run;
  const rows = remarks.filter(({ field }) => field === null).length;
  const cells = remarks.length - rows;
  const isRepeated = run.repeated.value > 0;
  const download = () =>
    save(new Blob([reportOf(remarks)], { type: "text/csv" }), `${name.replace(/\.\w+$/, "")}-report.csv`);
  return (
    <div class="stack" role="status">
      <p>
        <b>{name}</b>
        {isRepeated ? texts.madeBefore(ending, run.made.value, run.repeated.value) : texts.made(ending, run.made.value)}
      </p>
      {ending === "failed" && (
        <p class="problem" role="alert">
          {run.problem}
        </p>
      )}
      {remarks.length === 0 ? (
        <p class="quiet">{texts.nothingLeftOut}</p>
      ) : (
        <>
          <p>{texts.leftOut(rows, cells)}</p>
          <ul class="remarks" role="list">
            {remarks.slice(0, SHOWN).map(({ line, field, text, reason }, index) => (
              <li key={index}>
                <span class="quiet">
                  {field === null
                    ? texts.line(line)
                    : texts.lineAndField(line, (texts.fields[field] ?? field).toLowerCase())}
                </span>{" "}
                {text && <q dir="auto">{text.slice(0, 100)}</q>} {reason}
              </li>
            ))}
          </ul>
          {remarks.length > SHOWN && <p class="quiet small">{texts.more(remarks.length - SHOWN)}</p>}
        </>
      )}
      <div class="row end wrap">
        {isRepeated && run.made.value === 0 && ending === "finished" && (
          <button type="button" class="plain" onClick={onAgain}>
            {texts.again}
          </button>
        )}
        {remarks.length > 0 && (
          <button type="button" class="plain" onClick={download}>
            {texts.report}
          </button>
        )}
        <button type="button" class="primary" onClick={onClose}>
          {texts.done}
        </button>
      </div>
    </div>
  );
}
