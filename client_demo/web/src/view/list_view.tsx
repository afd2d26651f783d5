/** The project's tasks as a table. */

import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { keyOf, type ListKey, type ListSort, nextSort, sortedList } from "../state/list_sort";
import * as texts from "../texts/list";
import { useProject } from "./context";
import { today } from "./day";
import { useFinding } from "./finding";
import { Icon } from "./icons";
import { tintsOf, useLabelColours } from "./label";
import { ListRow } from "./list_row";
import { useListSelection } from "./list_selection";
import type { TaskPlaces } from "./open_task";
import { State } from "./states";

/** Rows beyond are drawn when the person comes to them. */
const STEP = 60;

const HEADS: [ListKey, string][] = [
  ["number", texts.number],
  ["title", texts.title],
  ["column", texts.column],
  ["assignee", texts.assignee],
  ["due", texts.due],
];

interface ListViewProps {
  places: { current: TaskPlaces | null };
  /** Unused but by what loads the list, if that fails. */
  onClose?: () => void;
}

export function ListView({ places }: ListViewProps) {
  const project = useProject();
  const finding = useFinding();
  const { sort } = finding.look.value;
  const matches = finding.matches.value;
  const { tasks, columns, project: state } = project.board.visible.value!;
  const members = project.board.members.value;
  const colours = useLabelColours();
  const body = useRef<HTMLTableSectionElement>(null);
  const [most, setMost] = useState(STEP);
  const ordered = useMemo(() => sortedList(tasks, sort, { columns, members }), [tasks, sort, columns, members]);
  const found = useMemo(() => (matches ? ordered.filter(({ id }) => matches.has(id)) : ordered), [matches, ordered]);
  const { selected, extent, toggleAll, click, extend } = useListSelection(found);
  const lastRow = useRef(0);
  const columnOf = useMemo(() => new Map(columns.map((column) => [column.id, column])), [columns]);
  useEffect(() => setMost(STEP), [sort]);
  useEffect(() => {
    places.current = { focusNear: (_, name) => focusRow(body.current, name, lastRow.current) };
    return () => {
      places.current = null;
    };
  }, []);
  // The Tab key stops once in the table; arrow keys go on.
  useLayoutEffect(() => keepTabStop(body.current));

  if (tasks.length === 0) return <State title={texts.noTask}>{texts.addFirst}</State>;
  if (found.length === 0) {
    const clear = (
      <button type="button" class="primary" onClick={() => finding.clear()}>
        {texts.clear}
      </button>
    );
    return (
      <State title={texts.noMatch} action={clear}>
        {texts.tryOther}
      </State>
    );
  }
  return (
    <div class="list">
      <SortChoice sort={sort} />
      <table>
        <caption class="sr">{texts.tasks}</caption>
        <thead>
          <tr>
            {selected && (
              <th scope="col" class="list-tick">
                <label>
                  <input
                    type="checkbox"
                    aria-label={texts.selectAll}
                    checked={extent === "all"}
                    indeterminate={extent === "some"}
                    onChange={toggleAll}
                  />
                </label>
              </th>
            )}
            {HEADS.map(([key, name]) => (
              <SortHead key={key} of={key} name={name} sort={sort} />
            ))}
            <th scope="col" class="list-labels">
              {texts.labels}
            </th>
          </tr>
        </thead>
        <tbody
          ref={body}
          onClick={click}
          onKeyDown={(event) => walk(event, extend)}
          onFocusIn={(event) => {
            lastRow.current = [...body.current!.children].indexOf((event.target as Element).closest("tr")!);
          }}
        >
          {found.slice(0, most).map((task) => {
            const name = project.board.lastingId(task.id);
            return (
              <ListRow
                key={name}
                projectId={project.id}
                projectKey={state.key}
                task={task}
                name={name}
                column={columnOf.get(task.column_id)}
                assignee={task.assignee_id ? members.get(task.assignee_id) : undefined}
                isSelected={selected?.has(name)}
                tints={tintsOf(task.labels, colours)}
                day={today.value}
              />
            );
          })}
        </tbody>
      </table>
      {found.length > most && <More count={found.length - most} onMore={() => setMost(most + STEP)} />}
    </div>
  );
}

function SortHead({ of, name, sort }: { of: ListKey; name: string; sort: ListSort | null }) {
  const finding = useFinding();
  const isSorted = sort !== null && keyOf(sort) === of;
  const isDown = sort?.startsWith("-");
  return (
    <th scope="col" class={`list-${of}`} aria-sort={isSorted ? (isDown ? "descending" : "ascending") : undefined}>
      <button type="button" onClick={() => finding.change({ sort: nextSort(sort, of) }, { replace: true })}>
        {name}
        {isSorted && <Icon name={isDown ? "down" : "up"} size={14} />}
      </button>
    </th>
  );
}

/** On small screens, which have no room for the heads. */
function SortChoice({ sort }: { sort: ListSort | null }) {
  const finding = useFinding();
  const id = useId();
  return (
    <p class="list-sort">
      <label for={id}>{texts.sort}</label>
      <select
        id={id}
        value={sort ?? ""}
        onChange={(event) =>
          finding.change({ sort: (event.currentTarget.value || null) as ListSort | null }, { replace: true })
        }
      >
        <option value="">{texts.asOnBoard}</option>
        {HEADS.flatMap(([key, name]) => [
          <option key={key} value={key}>
            {name}
          </option>,
          <option key={`-${key}`} value={`-${key}`}>
            {texts.fromEnd(name)}
          </option>,
        ])}
      </select>
    </p>
  );
}

/** More rows, at a press or when it is scrolled to. */
function More({ count, onMore }: { count: number; onMore: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  const latest = useRef(onMore);
  latest.current = onMore;
  useEffect(() => {
    const watch = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && latest.current(),
    );
    watch.observe(button.current!);
    return () => watch.disconnect();
  }, [count]);
  return (
    <button type="button" class="plain feed-more" ref={button} onClick={onMore}>
      {texts.showMore(count)}
    </button>
  );
}

/** Arrow keys, Home and End go from title to title; with Shift, an arrow key selects both. */
function walk(event: KeyboardEvent, extend: (from: Element, to: Element) => void): void {
  const links = [...(event.currentTarget as Element).querySelectorAll<HTMLElement>(".list-link")];
  const now = links.indexOf(event.target as HTMLElement);
  if (now < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
  const next = { ArrowUp: now - 1, ArrowDown: now + 1, Home: 0, End: links.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  const goal = links[Math.max(0, Math.min(next, links.length - 1))]!;
  goal.focus();
  if (event.shiftKey && event.key.startsWith("Arrow")) extend(links[now]!, goal);
}

function keepTabStop(body: HTMLElement | null): void {
  const links = body?.querySelectorAll<HTMLElement>(".list-link");
  if (!links?.length) return;
  const stop = [...links].find((link) => link === document.activeElement) ?? links[0]!;
  for (const link of links) if (link !== stop && link.tabIndex === 0) link.tabIndex = -1;
  stop.tabIndex = 0;
}

/** The one of that name, or the one that is now in its place. */
function focusRow(body: HTMLElement | null, name: string, index: number): void {
  const row =
    body?.querySelector(`[data-task="${CSS.escape(name)}"]`) ?? body?.children[index] ?? body?.lastElementChild;
  row?.querySelector<HTMLElement>(".list-link")?.focus();
}
