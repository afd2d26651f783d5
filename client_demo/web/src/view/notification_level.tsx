/** What the person is notified of in a project. */

import { useEffect, useId, useState } from "preact/hooks";
import { reportFault } from "../account/fault";
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
  useEffect(() => {
    session
      .request<{ level: Level }>("GET", address)
      .then((answer) => setLevel(answer.body.level))
      .catch(reportFault); // without the answer there is no choice
  }, [address]);
  if (level === null) return null;
  const choose = async (next: Level) => {
    setLevel(next);
    try {
      await session.request("PUT", address, { body: { level: next } });
    } catch (failure) {
      setLevel(level);
      notify(messageOf(failure), "bad");
    }
  };
  return (
    <div class="field">
      <label for={id}>{texts.label}</label>
      <select id={id} value={level} onChange={(event) => void choose(event.currentTarget.value as Level)}>
        {(Object.keys(texts.levels) as Level[]).map((each) => (
          <option key={each} value={each}>
            {texts.levels[each]}
          </option>
        ))}
      </select>
    </div>
  );
}
