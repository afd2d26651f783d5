/** What the person is notified of in a project. */

import { useEffect, useId, useRef, useState } from "preact/hooks";
import { reportFault } from "../account/fault";
import { Choice } from "../state/choice";
import * as texts from "../texts/notification_level";
import { useProject, useSession } from "./context";
import { messageOf } from "./failure";
import { notify } from "./notice";

type Level = "all" | "participating" | "mentions" | "none";

export function NotificationLevel() {
  const session = useSession();
  const project = useProject();
  const id = useId();
  const [level, setLevel] = useState<Level | null>(null);
  const address = `projects/${project.id}/notifications`;
  const choice = useRef(
    new Choice<Level>(
      (next) => session.request("PUT", address, { body: { level: next } }),
      setLevel,
      (failure) => notify(messageOf(failure), "bad"),
    ),
  ).current;
  useEffect(() => {
    session
      .request<{ level: Level }>("GET", address)
      .then((answer) => choice.told(answer.body.level))
      .catch(reportFault); // without the answer there is no choice
  }, [address]);
  if (level === null) return null;
  return (
    <div class="field">
      <label for={id}>{texts.label}</label>
      <select id={id} value={level} onChange={(event) => void choice.choose(event.currentTarget.value as Level)}>
        {(Object.keys(texts.levels) as Level[]).map((each) => (
          <option key={each} value={each}>
            {texts.levels[each]}
          </option>
        ))}
      </select>
    </div>
  );
}
