/** Three things to try in a project that is empty. Each is ticked off as it is done, and moves nothing. */

import { useState } from "preact/hooks";
import * as texts from "../texts/first_steps";
import { useProject } from "./context";
import { Icon, type IconName } from "./icons";
import { openDialog } from "./project_dialogs";
import { at } from "./route";

const KEY = "roomful.first";

export function FirstSteps() {
  const { board, id } = useProject();
  const { tasks, members, documents } = board.visible.value!;
  const [, redraw] = useState(0);
  const done = { task: tasks.length > 0, people: members.length > 1, page: documents.length > 0 };
  const isEmpty = !done.task && !done.people && !done.page;
  const key = `${board.userId}/${id}`;
  if (isEmpty && !hidden().includes(id)) started.add(key);
  // Done while the board is shown, they stay until it is shown again: it must not move under a pointer.
  const [wasOver] = useState(done.task && done.people && done.page);
  if (!board.canEdit.value || wasOver || !started.has(key)) return null;
  const hide = () => {
    started.delete(key);
    remember(id);
    redraw((count) => count + 1);
  };
  const write = () => document.querySelector<HTMLElement>(".board .quick-add :is(input, textarea)")?.focus();
  return (
    <aside class="first-steps" aria-label={texts.label}>
      <span class="quiet">{texts.begin}</span>
      <button type="button" class={done.task ? "plain small done" : "plain small"} onClick={write}>
        <Sign icon="plus" isDone={done.task} />
        {texts.task}
      </button>
      {board.role.value === "owner" && (
        <button
          type="button"
          class={done.people ? "plain small done" : "plain small"}
          onClick={() => {
            openDialog.value = "members";
          }}
        >
          <Sign icon="people" isDone={done.people} />
          {texts.people}
        </button>
      )}
      <a class={done.page ? "button plain small done" : "button plain small"} href={at.documents(id)}>
        <Sign icon="page" isDone={done.page} />
        {texts.page}
      </a>
      <span class="spacer" />
      <button type="button" class="ghost icon-only" aria-label={texts.close} title={texts.close} onClick={hide}>
        <Icon name="close" size={16} />
      </button>
    </aside>
  );
}

function Sign({ icon, isDone }: { icon: IconName; isDone: boolean }) {
  return (
    <>
      <Icon name={isDone ? "check" : icon} size={16} />
      {isDone && <span class="sr">{texts.done}</span>}
    </>
  );
}

/** Projects that were empty when this window showed them, each for one person: another may sign in. */
const started = new Set<string>();

function hidden(): string[] {
  return (localStorage.getItem(KEY) ?? "").split(" ");
}

function remember(id: string): void {
  localStorage.setItem(KEY, [...hidden().slice(-50), id].join(" ").trim());
}
