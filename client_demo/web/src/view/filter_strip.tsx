/** The strip above the tasks: what the person looks for, and how many tasks that leaves. */

import { useId, useMemo, useRef, useState } from "preact/hooks";
import { byPosition } from "../state/columns";
import { type DueFilter, filterToQuery, isFiltering, MOST_TEXT, NOBODY } from "../state/filter";
import * as common from "../texts/common";
import * as texts from "../texts/filter";
import { useProject } from "./context";
import { useFinding } from "./finding";
import { Icon } from "./icons";
import { hasLetterKeys, toldKeys, useShortcuts } from "./shortcuts";

export function FilterStrip() {
  const finding = useFinding();
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [isOpen, setOpen] = useState(false);
  const { filter, view } = finding.look.value;
  const count = filterToQuery({ ...filter, text: "" }).length;
  useShortcuts([{ keys: "/", description: texts.shortcut, run: () => search(field.current!) }]);
  const leave = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.preventDefault(); // closes nothing else
    if (filter.text) finding.type("");
    else field.current?.blur();
  };
  return (
    <div class="strip" role="search" aria-label={texts.label}>
      {/* First, where a panel beside the board leaves it free. */}
      <div class="segments" role="group" aria-label={texts.view}>
        {(["board", "list"] as const).map((each) => (
          <button type="button" key={each} aria-pressed={view === each} onClick={() => finding.change({ view: each })}>
            <Icon name={each === "board" ? "columns" : "list"} />
            <span class="sr">{each === "board" ? texts.board : texts.list}</span>
          </button>
        ))}
      </div>
      <div class="search">
        <Icon name="search" />
        <input
          ref={field}
          type="search"
          aria-label={texts.searchTasks}
          {...toldKeys("/")}
          placeholder={texts.search}
          maxLength={MOST_TEXT}
          autoComplete="off"
          value={filter.text}
          onInput={(event) => finding.type(event.currentTarget.value)}
          onKeyDown={leave}
        />
        {hasLetterKeys.value && (
          <span class="key" aria-hidden="true">
            /
          </span>
        )}
      </div>
      <button
        type="button"
        class="plain strip-more"
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name="filter" />
        {texts.filter}
        {count > 0 && <span class="tag">{count}</span>}
      </button>
      <div class={isOpen ? "strip-choices open" : "strip-choices"} id={id}>
        <Choices />
      </div>
      {isFiltering(filter) && <Outcome />}
    </div>
  );
}

function search(field: HTMLInputElement): void {
  field.focus();
  field.select();
}

function Choices() {
  const finding = useFinding();
  const { board } = useProject();
  const { filter } = finding.look.value;
  const { columns, tasks } = board.visible.value!;
  const people = [...board.members.value.values()].sort((a, b) => a.name.localeCompare(b.name));
  const labels = useMemo(() => labelsOf(tasks), [tasks]);
  const isMine = filter.person === board.userId;
  return (
    <>
      <button
        type="button"
        class="plain mine"
        aria-pressed={isMine}
        onClick={() => finding.filter({ person: isMine ? null : board.userId })}
      >
        {texts.mine}
      </button>
      <Choice
        label={texts.assignee}
        value={filter.person}
        options={[[NOBODY, common.nobody], ...people.map(({ user_id, name }): [string, string] => [user_id, name])]}
        onChoose={(person) => finding.filter({ person })}
      />
      <Choice
        label={texts.labelChoice}
        value={filter.label}
        options={labels.map((label) => [label, label])}
        onChoose={(label) => finding.filter({ label })}
      />
      <Choice
        label={texts.due}
        value={filter.due}
        options={Object.entries(texts.dueNames)}
        onChoose={(due) => finding.filter({ due: due as DueFilter | null })}
      />
      <Choice
        label={texts.column}
        value={filter.column}
        options={columns.toSorted(byPosition).map(({ id, name }) => [id, name])}
        onChoose={(column) => finding.filter({ column })}
      />
    </>
  );
}

interface ChoiceProps {
  label: string;
  value: string | null;
  options: [string, string][];
  onChoose: (value: string | null) => void;
}

/** What an address names and the project no longer has stays chosen: it shows why nothing is found. */
function Choice({ label, value, options, onChoose }: ChoiceProps) {
  const isGone = value !== null && !options.some(([each]) => each === value);
  return (
    <select
      class={value === null ? "choice" : "choice chosen"}
      aria-label={label}
      value={value ?? ""}
      onChange={(event) => onChoose(event.currentTarget.value || null)}
    >
      <option value="">{label}</option>
      {isGone && <option value={value}>{texts.isGone(label)}</option>}
      {options.map(([each, name]) => (
        <option key={each} value={each}>
          {name}
        </option>
      ))}
    </select>
  );
}

/** Subscribes by itself to the tasks. */
function Outcome() {
  const finding = useFinding();
  const all = useProject().board.visible.value!.tasks.length;
  const found = finding.matches.value?.size;
  return (
    <div class="outcome">
      <p role="status">{found !== undefined && (found === 0 ? texts.noMatch : texts.found(found, all))}</p>
      <button type="button" class="ghost" onClick={() => finding.clear()}>
        {texts.clear}
      </button>
    </div>
  );
}

function labelsOf(tasks: readonly { labels: string[] }[]): string[] {
  return [...new Set(tasks.flatMap(({ labels }) => labels))].sort((a, b) => a.localeCompare(b));
}
