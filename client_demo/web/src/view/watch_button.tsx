/** Whether the person is told of what happens to a task. */

import { useEffect, useRef, useState } from "preact/hooks";
import { reportFault } from "../account/fault";
import { Questions } from "../state/questions";
import * as texts from "../texts/task";
import { useIsOutside } from "./connection";
import { useProject, useSession } from "./context";
import { messageOf } from "./failure";
import { Icon } from "./icons";
import { notify } from "./notice";

/** `task` is the server's id; nothing is shown for a task that it does not know yet. */
export function WatchButton({ task }: { task: string }) {
  const session = useSession();
  const project = useProject();
  const isOutside = useIsOutside();
  const [isWatching, setWatching] = useState<boolean | null>(null);
  const questions = useRef(new Questions()).current;
  const address = `projects/${project.id}/tasks/${task}/watch`;
  const assignee = project.board.visible.value?.tasks.find((each) => each.id === task)?.assignee_id ?? null;

  useEffect(() => {
    if (task.startsWith("new-") || isOutside) return;
    let isCurrent = true;
    const counts = questions.ask();
    session
      .request<{ watching: boolean }>("GET", address)
      .then((answer) => isCurrent && counts() && setWatching(answer.body.watching))
      .catch(reportFault); // without the answer there is no button
    return () => {
      isCurrent = false;
    };
  }, [address, assignee, isOutside]);

  if (isWatching === null) return null;
  const toggle = async () => {
    questions.outdate();
    setWatching(!isWatching);
    try {
      await session.request(isWatching ? "DELETE" : "PUT", address);
      questions.outdate(); // one that was asked meanwhile may say how it was before
      setWatching(!isWatching);
    } catch (failure) {
      setWatching(isWatching);
      notify(messageOf(failure), "bad");
    }
  };
  return (
    <button
      type="button"
      class="ghost icon-only"
      aria-pressed={isWatching}
      aria-label={texts.watch}
      title={isWatching ? texts.isWatched : texts.isNotWatched}
      onClick={() => void toggle()}
    >
      <Icon name={isWatching ? "bell" : "bell-off"} />
    </button>
  );
}
