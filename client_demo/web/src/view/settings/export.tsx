/** Files with everything in a project, for members of any role. */

import { useState } from "preact/hooks";
import { download } from "../../api/download";
import * as texts from "../../texts/settings";
import { useProject } from "../context";
import { messageOf } from "../failure";

type Format = "csv" | "json";

export function Export() {
  const { id, session } = useProject();
  const [made, setMade] = useState<Format | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const take = async (format: Format) => {
    setMade(format);
    setProblem(null);
    try {
      await download(`projects/${id}/export?format=${format}`, await session.token());
    } catch (failure) {
      setProblem(messageOf(failure));
    }
    setMade(null);
  };
  return (
    <section class="sheet">
      <h3>{texts.exportTitle}</h3>
      <p class="quiet">{texts.exportHint}</p>
      <div class="row wrap">
        <button type="button" class="plain" disabled={made !== null} onClick={() => void take("csv")}>
          {texts.csv}
        </button>
        <button type="button" class="plain" disabled={made !== null} onClick={() => void take("json")}>
          {texts.json}
        </button>
        <span class="quiet small" role="status">
          {made && texts.making}
        </span>
      </div>
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}
