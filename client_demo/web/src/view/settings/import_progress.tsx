/** How far an import is. */

import { useId, useState } from "preact/hooks";
import type { ImportRun } from "../../state/import_run";
import * as texts from "../../texts/import";

export function ImportProgress({ name, run }: { name: string; run: ImportRun }) {
  const id = useId();
  const [isCancelled, setCancelled] = useState(false);
  const outage = run.outage.value;
  return (
    <div class="stack">
      <label for={id}>
        {texts.importing} <b>{name}</b>
        {texts.progress(run.sent.value, run.total)}
      </label>
      <progress id={id} max={run.total} value={run.sent.value} />
      <p class="quiet small" role="status">
        {outage ? texts.goesOn(outage) : texts.leaveOpen}
      </p>
      <div class="row end">
        <button
          type="button"
          class="plain"
          disabled={isCancelled}
          onClick={() => {
            setCancelled(true);
            run.cancel();
          }}
        >
          {isCancelled ? texts.stopping : texts.stop}
        </button>
      </div>
    </div>
  );
}
