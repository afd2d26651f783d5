/** Whether the person is told of what happens to a task. */

import { useEffect, useRef, useState } from "preact/hooks";
import { reportFault } from "../account/fault";
import { Choice } from "../state/choice";
import { Questions } from "../state/questions";
import * as texts from "../texts/task";
import { useIsOutside } from "./connection";
import { useProject, useSession } from "./context";
import { messageOf } from "./failure";
import { Icon } from "./icons";
import { notify } from "./notice";

/** `task` is the server's id, and the element's key; nothing is shown for a task that it does not know yet. */
export function WatchButton({ task }: { task: string }) {
  const session = useSession();
  const project = useProject();
  const isOutside = useIsOutside();
  const [isWatching, setWatching] = useState<boolean | null>(null);
  const questions = useRef(new Questions()).current;
  const address = `projects/${project.id}/tasks/${task}/watch`;
  const choice = useRef(
    new Choice<boolean>(
      async (watches) => {
        await session.request(watches ? "PUT" : "DELETE", address);
        questions.outdate(); // one that was asked meanwhile may say how it was before
      },
      setWatching,
      (failure) => notify(messageOf(failure), "bad"),
    ),
  ).current;
  const assignee = project.board.visible.value?.tasks.find((each) => each.id === task)?.assignee_id ?? null;

  useEffect(() => {
    if (task.startsWith("new-") || isOutside) return;
    let isCurrent = true;
    const counts = questions.ask();
    session
      .request<{ watching: boolean }>("GET", address)
      .then((answer) => isCurrent && counts() && choice.told(answer.body.watching))
      .catch(reportFault); // without the answer there is no button
    return () => {
      isCurrent = false;
    };
  }, [address, assignee, isOutside]);

  if (isWatching === null) return null;
  const toggle = () => {
    questions.outdate();
    void choice.choose(!isWatching);
  };
  return (
    <button
      type="button"
      class="ghost icon-only"
      aria-pressed={isWatching}
      aria-label={texts.watch}
      title={isWatching ? texts.isWatched : texts.isNotWatched}
      onClick={toggle}
    >
      <Icon name={isWatching ? "bell" : "bell-off"} />
    </button>
  );
}
