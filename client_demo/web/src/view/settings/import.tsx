/** Tasks from a CSV file: chosen, looked at, sent, and what was left out. */

import { useEffect, useId, useState } from "preact/hooks";
import { newId } from "../../api/identifier";
import { decode, read } from "../../state/csv";
import { type Imported, ImportRun, keyOf, type Send } from "../../state/import_run";
import * as texts from "../../texts/import";
import { isArchived } from "../../texts/settings";
import { useLink, useProject } from "../context";
import { messageOf } from "../failure";
import { ImportPreview } from "./import_preview";
import { ImportProgress } from "./import_progress";
import { ImportReport } from "./import_report";
import { runningIn, setRunning } from "./running_imports";

const MOST_BYTES = 20 * 1024 * 1024;

interface Chosen {
  name: string;
  text: string;
  run: ImportRun;
  preview: Imported;
}

export function Import() {
  const project = useProject();
  const link = useLink();
  const id = useId();
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isReading, setReading] = useState(false);
  const place = `${project.board.userId}/${project.id}`;
  const running = runningIn(place).value;
  const ending = running?.run.ending.value;
  const canEdit = project.board.canEdit.value;
  const state = link.state.value.kind;
  useEffect(() => {
    if (state === "live") running?.run.wake();
  }, [state, running]);

  const open = (text: string, key: string) => {
    const send: Send = project.session.requestOf(project.board.userId);
    return new ImportRun(project.id, read(text), key, send);
  };
  const choose = async (file: File | undefined) => {
    setChosen(null);
    setProblem(null);
    if (!file) return;
    if (file.size > MOST_BYTES) return setProblem(texts.tooBig);
    setReading(true);
    try {
      const text = decode(new Uint8Array(await file.arrayBuffer()));
      const run = open(text, keyOf(project.id, text));
      setChosen({ name: file.name, text, run, preview: await run.preview() });
    } catch (failure) {
      setProblem(messageOf(failure));
    }
    setReading(false);
  };
  const start = (name: string, text: string, run: ImportRun) => {
    setChosen(null);
    setRunning(place, { name, text, run });
    void run.run();
  };
  return (
    <section class="sheet">
      <h3>{texts.title}</h3>
      {running && ending ? (
        <ImportReport
          name={running.name}
          run={running.run}
          ending={ending}
          onAgain={() => start(running.name, running.text, open(running.text, keyOf(newId(), running.text)))}
          onClose={() => setRunning(place, null)}
        />
      ) : running ? (
        <ImportProgress name={running.name} run={running.run} />
      ) : chosen && canEdit ? (
        <ImportPreview
          name={chosen.name}
          run={chosen.run}
          preview={chosen.preview}
          onImport={() => start(chosen.name, chosen.text, chosen.run)}
          onCancel={() => setChosen(null)}
        />
      ) : (
        <>
          <p class="quiet">{texts.hint}</p>
          {canEdit ? (
            <div class="field">
              <label for={id}>{texts.file}</label>
              <input
                id={id}
                type="file"
                accept=".csv,.tsv,.txt,text/csv"
                disabled={isReading}
                onChange={(event) => {
                  const field = event.currentTarget;
                  void choose(field.files?.[0]).then(() => {
                    field.value = ""; // the same file may be chosen again
                  });
                }}
              />
            </div>
          ) : (
            <p class="quiet small">{isArchived}</p>
          )}
        </>
      )}
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}
