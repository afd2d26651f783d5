/** The field at the end of a column: each line in it is a new task. */

import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Column, Task } from "../api/shapes";
import { type Line, readLines } from "../state/quick_line";
import * as texts from "../texts/adding";
import { addsAtTop } from "./adding";
import { useProject } from "./context";
import { CancelButton, Dialog } from "./dialog";
import { useProjectDraft } from "./draft";
import { Icon } from "./icons";
import { newTaskPlace } from "./places";
import { Preview } from "./quick_preview";

const LONGEST_TITLE = 200;
/** More are asked about: somebody may have pasted a text. */
const MOST_UNASKED = 20;
const MOST = 100;

interface QuickAddProps {
  column: Column;
  tasks: readonly Task[];
  /** Changes at midnight. */
  day: string;
}

export function QuickAdd({ column, tasks, day }: QuickAddProps) {
  const project = useProject();
  const place = newTaskPlace(project.id, column.id);
  const draft = useProjectDraft(null, place.field, texts.newTask(column.name));
  const field = useRef<HTMLTextAreaElement>(null);
  const [isAsking, setAsking] = useState(false);
  const lines = useLines(draft.text, day);
  const tooLong = lines.filter((line) => [...line.title].length > LONGEST_TITLE);
  const isTooMany = lines.length > MOST;
  useKeptCaret(field, draft.text);

  const add = () => {
    setAsking(false);
    const [good, bad] = [lines.filter((line) => !tooLong.includes(line)), tooLong];
    const before = addsAtTop.value ? (tasks[0]?.id ?? null) : null;
    project.createAll(
      good.map((line) => ({ ...newTask(line), before })),
      column,
    );
    if (bad.length === 0) draft.discard();
    else draft.write(bad.map((line) => line.written).join("\n"));
    field.current!.focus();
    const list = field.current!.closest(".column")?.querySelector(".cards");
    requestAnimationFrame(() => list?.scrollTo({ top: before ? 0 : list.scrollHeight }));
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (lines.length === 0 || isTooMany) field.current!.focus();
    else if (lines.length > MOST_UNASKED) setAsking(true);
    else add();
  };
  return (
    <form class={draft.text === "" ? "quick-add" : "quick-add written"} onSubmit={submit}>
      <div class="quick-line">
        <textarea
          ref={field}
          rows={Math.min(6, draft.text.split("\n").length)}
          dir="auto"
          aria-label={texts.newTask(column.name)}
          placeholder={texts.placeholder}
          value={draft.text}
          onInput={(event) => draft.write(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.isComposing) return;
            if (event.key === "Enter" && !event.shiftKey && !event.altKey) submit(event);
            if (event.key !== "Escape") return;
            event.preventDefault(); // leaves the field, with what is in it, and closes nothing else
            field.current!.blur();
          }}
          enterkeyhint="done"
          autoComplete="off"
        />
        <button type="submit" class="ghost icon-only" aria-label={texts.addTo(column.name)}>
          <Icon name="plus" />
        </button>
      </div>
      <Preview
        lines={lines}
        onLiteral={(at) => {
          draft.write(`${draft.text.slice(0, at)}\\${draft.text.slice(at)}`);
          field.current!.focus();
        }}
      />
      <p class="problem small" role="alert">
        {isTooMany && texts.tooMany(lines.length, MOST)}
        {tooLong.length > 0 && texts.tooLong(tooLong.length, LONGEST_TITLE)}
        {draft.draft?.refused && texts.notAdded(draft.draft.refused)}
      </p>
      <div class="quick-tools">
        <label>
          <input
            type="checkbox"
            checked={addsAtTop.value}
            onChange={(event) => {
              addsAtTop.value = event.currentTarget.checked;
            }}
          />
          {texts.atTop}
        </label>
        <span class="quiet">{texts.example}</span>
      </div>
      {isAsking && (
        <Dialog title={texts.addQuestion(lines.length)} onClose={() => setAsking(false)}>
          <p class="quiet">{texts.eachLine(column.name)}</p>
          <div class="row end">
            <CancelButton />
            <button type="button" class="primary" onClick={add}>
              {texts.addAll(lines.length)}
            </button>
          </div>
        </Dialog>
      )}
    </form>
  );
}

function useLines(text: string, day: string): Line[] {
  const { board } = useProject();
  const members = board.members.value;
  const { labels } = board.visible.value!;
  return useMemo(() => {
    if (text === "") return [];
    const names = labels.map(({ name }) => name);
    return readLines(text, {
      labels: names,
      people: [...members.values()],
      locale: navigator.language,
      today: new Date(),
    });
  }, [text, members, labels, day]);
}

function newTask({ title, written, marks }: Line) {
  const labels = marks.flatMap((mark) => (mark.kind === "label" ? [mark.label] : []));
  const person = marks.find((mark) => mark.kind === "person")?.person;
  const due = marks.find((mark) => mark.kind === "due")?.day;
  return { title, labels: [...new Set(labels)], assignee_id: person?.user_id ?? null, due_on: due ?? null, written };
}

/** Refused lines come back in front of what is being written, which must not move the caret. */
function useKeptCaret(field: { current: HTMLTextAreaElement | null }, text: string): void {
  const seen = useRef({ text, fromEnd: 0 });
  const area = field.current;
  if (area && area === document.activeElement)
    seen.current = { text: area.value, fromEnd: area.value.length - area.selectionEnd };
  useLayoutEffect(() => {
    const { text: before, fromEnd } = seen.current;
    const isFocused = field.current === document.activeElement;
    if (!isFocused || before === text || before === "" || !text.endsWith(before)) return;
    field.current!.setSelectionRange(text.length - fromEnd, text.length - fromEnd);
  }, [text]);
}
