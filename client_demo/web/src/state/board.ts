/** One project as this person sees it: the server's state with their own unanswered changes on top. */

import { batch, computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Member, ProjectEvent, Role, Snapshot, Task } from "../api/shapes";
import { type Change, predict, withIds } from "./change";
import { alwaysHasEvent } from "./comment_change";
import { fold } from "./fold";
import { huesOf } from "./hues";
import { likelyMade } from "./likely_made";

interface Pending {
  change: Change;
  /** The task's version in the answer, 0 if the task is gone; null until it is answered. */
  answered: number | null;
  /** An earlier page has sent it, too, and got no answer. */
  wasSent: boolean;
  /** How many snapshots were certainly loaded before it was made. */
  loads: number;
}

/** `gap` means that an event before this one is missing, and the snapshot must be loaded again. */
export type Outcome = "applied" | "known" | "gap";

const NONE: ReadonlyMap<string, string> = new Map();

export class Board {
  private readonly confirmed = signal<Snapshot | null>(null);
  private readonly pending = signal<readonly Pending[]>([]);
  /** Tasks that this person created have an id from here and one from the server: maps in both directions. */
  private readonly fromServer = new Map<string, string>();
  private readonly fromHere = new Map<string, string>();

  /** The state to show; null until the first snapshot is loaded. */
  readonly visible: ReadonlySignal<Snapshot | null> = computed(() => {
    const confirmed = this.confirmed.value;
    if (!confirmed) return null;
    const isThere = ({ kind, task }: Change) => kind === "create" && this.likely.value.has(task);
    return this.changes.value.filter((change) => !isThere(change)).reduce(predict, confirmed);
  });

  /** This person's changes on top of that, oldest first. */
  readonly changes: ReadonlySignal<readonly Change[]> = computed(() =>
    this.pending.value.map(({ change }) => withIds(this.real(change), (id) => this.likely.value.get(id) ?? id)),
  );

  /** The tasks that new ones of an earlier page have probably become. Only for what is shown: it is a guess. */
  private readonly likely: ReadonlySignal<ReadonlyMap<string, string>> = computed(() => {
    const sent = this.pending.value.filter(({ wasSent, answered }) => wasSent && answered === null);
    if (sent.length === 0) return NONE; // the same object, whatever else changes
    const changes = sent.map(({ change }) => change);
    return likelyMade(changes, this.confirmed.value?.tasks ?? []);
  });

  /** How often a snapshot was loaded: at first, and whenever events were missed. */
  readonly loads = signal(0);

  /**
   * Whether answered changes may be in the snapshot, or may still have their event to come: nothing in it says so of a
   * comment. A snapshot requested from now on tells.
   */
  readonly isUnsure: ReadonlySignal<boolean> = computed(() =>
    this.pending.value.some(
      ({ change, answered, loads }) => change.kind === "comment" && answered !== null && loads < this.loads.value,
    ),
  );

  /** Told of a made change of a comment that may have no event. Set by whoever shows comments. */
  commentMade: (change: Change) => void = () => undefined;

  private readonly memberList = computed(() => this.visible.value?.members);
  /** The same object until a member changes, whatever else does: every card is drawn anew for another one. */
  readonly members: ReadonlySignal<ReadonlyMap<string, Member>> = computed(
    () => new Map(this.memberList.value?.map((member) => [member.user_id, member])),
  );
  readonly hues: ReadonlySignal<ReadonlyMap<string, number>> = computed(() => huesOf(this.memberList.value ?? []));

  readonly role: ReadonlySignal<Role | null>;
  readonly canEdit: ReadonlySignal<boolean>;
  readonly waiting: ReadonlySignal<number> = computed(
    () => this.pending.value.filter((each) => each.answered === null).length,
  );

  /** How many of those belong to bulk changes. */
  readonly waitingInBulk: ReadonlySignal<number> = computed(
    () => this.pending.value.filter((each) => each.answered === null && each.change.bulk).length,
  );

  /** The tasks with changes that the server has not answered, by their lasting ids. */
  readonly unsent: ReadonlySignal<ReadonlySet<string>> = computed(
    () =>
      new Set(
        this.pending.value.filter((each) => each.answered === null).map((each) => this.lastingId(each.change.task)),
      ),
  );

  /** `paired` is told that the server has given a task that was created here its own id. */
  constructor(
    readonly userId: string,
    private readonly paired: (here: string, server: string) => void = () => undefined,
  ) {
    this.role = computed(() => this.members.value.get(userId)?.role ?? this.visible.value?.project.role ?? null);
    this.canEdit = computed(() => (this.role.value === "owner" || this.role.value === "editor") && !this.isArchived);
  }

  get snapshot(): Snapshot | null {
    return this.confirmed.value;
  }

  private get isArchived(): boolean {
    return this.visible.value?.project.status === "archived";
  }

  /** The changes that the server has answered: any snapshot requested from now on includes them. */
  answered(): ReadonlySet<string> {
    return new Set(this.pending.value.filter((each) => each.answered !== null).map((each) => each.change.mutation));
  }

  /**
   * Replace the state by a fresh snapshot; one that is older than ours, which includes it, is ignored.
   *
   * `included` is what `answered()` said before the snapshot was asked for.
   */
  load(snapshot: Snapshot, included: ReadonlySet<string>): void {
    const current = this.confirmed.value;
    const sameStream = current?.stream.epoch === snapshot.stream.epoch;
    batch(() => {
      this.pending.value = this.pending.value.filter((each) => !included.has(each.change.mutation));
      if (current && sameStream && snapshot.stream.offset < current.stream.offset) return;
      this.confirmed.value = { ...snapshot, labels: snapshot.labels ?? [] }; // a node of the version before has none
      this.loads.value++;
      this.settle();
    });
  }

  /** Apply the next event of the log. A repeated one changes nothing. */
  apply(event: ProjectEvent): Outcome {
    const before = this.confirmed.value;
    if (!before) return "gap";
    if (event.offset <= before.stream.offset) return "known";
    if (event.offset > before.stream.offset + 1) return "gap";
    batch(() => {
      if (event.mutation_id) this.recognise(event);
      this.confirmed.value = fold(before, event);
      this.settle();
    });
    return "applied";
  }

  /**
   * Show a change before the server has made it. `isKept`: it was on this device before, or is another tab's, so that
   * any snapshot may include it. `wasSent`: by an earlier page, which got no answer.
   */
  begin(change: Change, { isKept = false, wasSent = false } = {}): void {
    const loads = isKept ? 0 : this.loads.peek();
    this.pending.value = [...this.pending.value, { change, answered: null, wasSent, loads }];
  }

  /** The server made the change; its event may come before or after this answer. */
  answer(mutation: string, task: Pick<Task, "id" | "version"> | null): void {
    batch(() => {
      const made = this.pending.value.find((each) => each.change.mutation === mutation)?.change;
      if (made?.kind === "comment" && !alwaysHasEvent(made)) {
        this.commentMade(this.real(made));
        this.withdraw(mutation);
      }
      this.pending.value = this.pending.value.map((each) => {
        if (each.change.mutation !== mutation) return each;
        if (task && each.change.kind === "create") this.pair(each.change.task, task.id);
        return { ...each, answered: task?.version ?? 0 };
      });
      this.settle();
    });
  }

  /** Undo a change that will not be made. */
  withdraw(mutation: string): void {
    this.pending.value = this.pending.value.filter((each) => each.change.mutation !== mutation);
  }

  /** Whether the change's event is still to come. */
  isPending(mutation: string): boolean {
    return this.pending.value.some((each) => each.change.mutation === mutation);
  }

  /** The change with the server's ids of tasks that were created here. */
  real(change: Change): Change {
    return withIds(change, (id) => this.realId(id));
  }

  realId(id: string): string {
    return this.fromServer.get(id) ?? id;
  }

  /** An id that stays the same when the server gives the task its own. */
  lastingId(id: string): string {
    return this.fromHere.get(id) ?? id;
  }

  /** The task of that id: the server's, or the one that it has had here before. */
  find(name: string | null): Task | null {
    if (name === null) return null;
    const id = this.likely.value.get(name) ?? this.realId(name);
    return this.visible.value?.tasks.find((task) => this.realId(task.id) === id) ?? null;
  }

  private recognise(event: ProjectEvent): void {
    const pending = this.pending.value.find((each) => each.change.mutation === event.mutation_id);
    if (!pending) return;
    if (pending.change.kind === "create" && event.type === "task.created")
      this.pair(pending.change.task, event.data.task.id);
    this.withdraw(pending.change.mutation);
  }

  private settle(): void {
    const snapshot = this.confirmed.value;
    if (!snapshot) return;
    const open = this.pending.value.filter((each) => !this.isIn(snapshot, each));
    if (open.length < this.pending.value.length) this.pending.value = open;
  }

  /** Whether the snapshot includes the answered change. One that changed nothing has no event. */
  private isIn(snapshot: Snapshot, { change, answered }: Pending): boolean {
    if (answered === null || change.kind === "comment") return false; // its event tells
    const id = this.realId(change.task);
    const task = snapshot.tasks.find((each) => each.id === id);
    if (change.kind === "delete") return !task;
    if (change.kind === "create" || change.kind === "restore") return task !== undefined;
    return !task || task.version >= answered;
  }

  private pair(here: string, server: string): void {
    if (this.fromServer.has(here)) return;
    this.fromServer.set(here, server);
    this.fromHere.set(server, here);
    this.paired(here, server);
  }
}
