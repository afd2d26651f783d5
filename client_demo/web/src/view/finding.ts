/** What a person looks for in the open project: shown at once, and kept in the address. */

import { batch, computed, type ReadonlySignal, signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Task } from "../api/shapes";
import { EachFrame } from "../live/frame";
import type { OpenProject } from "../live/open_project";
import { type Filter, isFiltering, isNarrower, NO_FILTER, testOf } from "../state/filter";
import type { Matches } from "../state/grip";
import { type Look, lookFromQuery, lookToQuery } from "../state/look";
import { today } from "./day";
import { at, go, type ProjectRoute, route } from "./route";

/** Browsers refuse an address that changes with each key. */
const ADDRESS_PAUSE_MS = 300;

interface Found {
  filter: Filter;
  day: string;
  all: readonly Task[];
  tasks: readonly Task[];
}

export class Finding {
  private readonly lookSignal = signal<Look>(lookFromQuery("", ""));
  /** The filter whose matches are shown: the look's, or while somebody types that of a letter before. */
  private readonly sought = signal<Filter>(NO_FILTER);
  /** The letter is drawn first: to look through thousands of tasks may take longer than a frame. */
  private readonly typed = new EachFrame(() => setTimeout(() => this.seek()));
  /** Tasks that this window has added since the filter was changed, by their lasting ids. They are shown anyway. */
  private readonly added = signal<ReadonlySet<string>>(new Set());
  private timer: ReturnType<typeof setTimeout> | undefined;
  private last: Found | null = null;
  private readonly unlisten: () => void;

  /** The tasks that pass the filter; null if there is no filter. */
  readonly matches: ReadonlySignal<Matches> = computed(() => {
    const filter = this.sought.value;
    const snapshot = this.project.board.visible.value;
    if (!snapshot || !isFiltering(filter)) {
      this.last = null;
      return null;
    }
    const { tasks: all, project } = snapshot;
    const { last } = this;
    const isLess = last?.all === all && last.day === today.value && isNarrower(filter, last.filter);
    const passes = testOf(filter, project.key, today.value);
    const isAdded = ({ id }: Task) => this.added.value.has(this.project.board.lastingId(id));
    const tasks = (isLess ? last.tasks : all).filter((task) => passes(task) || isAdded(task));
    this.last = { filter, day: today.value, all, tasks };
    return new Set(tasks.map(({ id }) => id));
  });

  constructor(readonly project: OpenProject) {
    this.unlisten = project.onDone((changes) => {
      const added = changes.filter(({ kind }) => kind === "create").map(({ task }) => task);
      if (added.length > 0 && this.isFiltering) this.added.value = new Set([...this.added.peek(), ...added]);
    });
  }

  get look(): ReadonlySignal<Look> {
    return this.lookSignal;
  }

  /** What follows the `?` in the address of this look. */
  get query(): string {
    return lookToQuery(this.lookSignal.peek());
  }

  /** Show what the address says, unless that is what is shown. */
  hear(query: string): void {
    const look = lookFromQuery(query, this.project.board.userId);
    if (lookToQuery(look) === this.query) return;
    clearTimeout(this.timer);
    this.show(look);
  }

  /** Show something else, by default as a step of its own for Back. */
  change(part: Partial<Look>, { replace = false } = {}): void {
    this.show({ ...this.lookSignal.peek(), ...part });
    clearTimeout(this.timer);
    this.write(replace);
  }

  filter(part: Partial<Filter>): void {
    this.change({ filter: { ...this.lookSignal.peek().filter, ...part } });
  }

  /** Another letter of the text. The address follows when the person pauses; the whole text is one step for Back. */
  type(text: string): void {
    const look = this.lookSignal.peek();
    this.lookSignal.value = { ...look, filter: { ...look.filter, text } };
    this.typed.ask();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.write("typing"), ADDRESS_PAUSE_MS);
  }

  clear(): void {
    this.change({ filter: NO_FILTER });
  }

  /** Go to a task's panel, or to the board without one, with the same look. */
  goTo(task: string | null, { replace = false } = {}): void {
    clearTimeout(this.timer);
    const { id } = this.project;
    go(task === null ? at.project(id, this.query) : at.task(id, task, this.query), { replace });
  }

  close(): void {
    clearTimeout(this.timer);
    this.typed.cancel();
    this.unlisten();
  }

  private get isFiltering(): boolean {
    return isFiltering(this.lookSignal.peek().filter);
  }

  private show(look: Look): void {
    batch(() => {
      this.lookSignal.value = look;
      this.seek();
    });
  }

  private seek(): void {
    const { filter } = this.lookSignal.peek();
    if (filter === this.sought.peek()) return;
    batch(() => {
      this.added.value = new Set();
      this.sought.value = filter;
    });
  }

  private write(replace: boolean | "typing"): void {
    const where = route.peek();
    if (where.screen !== "project" || where.id !== this.project.id || where.shows !== "board") return;
    if (where.query === this.query) return;
    const wasTyped = new URLSearchParams(where.query).has("text");
    this.goTo(where.task, { replace: replace === "typing" ? wasTyped : replace });
  }
}

export const FindingContext = createContext<Finding | null>(null);

/** That of the project on screen, for parts that stand outside of it. */
export const findingOnScreen = signal<Finding | null>(null);

export function useFinding(): Finding {
  return useContext(FindingContext)!;
}

/** Go to a task's panel: on the board on screen with the same look. */
export function goToTask(project: string, task: string): void {
  const finding = findingOnScreen.peek();
  if (finding?.project.id === project) finding.goTo(task);
  else go(at.task(project, task));
}

/** Follow links within the project's board with the same look: cards don't know it, since it changes with each key. */
export function keepLook(event: MouseEvent, finding: Finding, where: ProjectRoute): void {
  const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  const href = (event.target as Element).closest("a")?.getAttribute("href");
  if (!isPlain || event.defaultPrevented || !href || where.shows !== "board" || finding.query === "") return;
  const prefix = at.task(where.id, "");
  if (!href.startsWith(prefix) || href.includes("?")) return;
  event.preventDefault();
  finding.goTo(decodeURIComponent(href.slice(prefix.length)));
}
