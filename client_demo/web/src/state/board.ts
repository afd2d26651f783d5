/** One project as this person sees it: what the server has said, with their own unanswered changes on top. */

import { batch, computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Member, ProjectEvent, Role, Snapshot, Task } from "../api/shapes";
import { type Change, predict } from "./change";
import { fold } from "./fold";

interface Pending {
  change: Change;
  /** The version of the task that the answer told, when it has come; 0 when the task is gone. */
  answered: number | null;
}

/** What became of an event: `gap` means that one before it is missing, and the snapshot must be loaded anew. */
export type Outcome = "applied" | "known" | "gap";

export class Board {
  private readonly confirmed = signal<Snapshot | null>(null);
  private readonly pending = signal<readonly Pending[]>([]);
  /** Ids of tasks that this person made: the one from here and the one from the server, both ways. */
  private readonly fromServer = new Map<string, string>();
  private readonly fromHere = new Map<string, string>();

  /** What to show; null until the first snapshot is there. */
  readonly visible: ReadonlySignal<Snapshot | null> = computed(() => {
    const confirmed = this.confirmed.value;
    return confirmed && this.pending.value.reduce((seen, each) => predict(seen, this.real(each.change)), confirmed);
  });

  readonly members: ReadonlySignal<ReadonlyMap<string, Member>> = computed(
    () => new Map(this.visible.value?.members.map((member) => [member.user_id, member])),
  );

  readonly role: ReadonlySignal<Role | null>;
  readonly canEdit: ReadonlySignal<boolean>;
  readonly waiting: ReadonlySignal<number> = computed(
    () => this.pending.value.filter((each) => each.answered === null).length,
  );

  constructor(readonly userId: string) {
    this.role = computed(() => this.members.value.get(userId)?.role ?? this.visible.value?.project.role ?? null);
    this.canEdit = computed(() => (this.role.value === "owner" || this.role.value === "editor") && !this.isArchived);
  }

  get snapshot(): Snapshot | null {
    return this.confirmed.value;
  }

  private get isArchived(): boolean {
    return this.visible.value?.project.status === "archived";
  }

  /** The changes that the server has answered: a snapshot asked for from now on has them in it. */
  answered(): ReadonlySet<string> {
    return new Set(this.pending.value.filter((each) => each.answered !== null).map((each) => each.change.mutation));
  }

  /**
   * Take a fresh snapshot in place of everything heard so far; an older one than ours is ignored.
   *
   * `included` is what `answered()` said before the snapshot was asked for.
   */
  load(snapshot: Snapshot, included: ReadonlySet<string>): void {
    const current = this.confirmed.value;
    const sameStream = current?.stream.epoch === snapshot.stream.epoch;
    if (current && sameStream && snapshot.stream.offset < current.stream.offset) return;
    batch(() => {
      this.pending.value = this.pending.value.filter((each) => !included.has(each.change.mutation));
      this.confirmed.value = snapshot;
      this.settle();
    });
  }

  /** Apply the next event of the log. One that is known already changes nothing, so that repeats are harmless. */
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

  /** Show a change before the server has made it. */
  begin(change: Change): void {
    this.pending.value = [...this.pending.value, { change, answered: null }];
  }

  /** The server made the change; its event may be here already or still to come. */
  answer(mutation: string, task: Task | null): void {
    batch(() => {
      this.pending.value = this.pending.value.map((each) => {
        if (each.change.mutation !== mutation) return each;
        if (task && each.change.kind === "create") this.pair(each.change.task, task.id);
        return { ...each, answered: task?.version ?? 0 };
      });
      this.settle();
    });
  }

  /** The change will not be made: take it back. */
  withdraw(mutation: string): void {
    this.pending.value = this.pending.value.filter((each) => each.change.mutation !== mutation);
  }

  /** Whether the change has still to be seen in the log. */
  isPending(mutation: string): boolean {
    return this.pending.value.some((each) => each.change.mutation === mutation);
  }

  /** The change with the server's names for the tasks that were made here. */
  real(change: Change): Change {
    if (change.kind === "create") return change;
    const task = this.realId(change.task);
    if (change.kind !== "move") return { ...change, task };
    const [after, before] = [change.after && this.realId(change.after), change.before && this.realId(change.before)];
    return { ...change, task, after, before };
  }

  realId(id: string): string {
    return this.fromServer.get(id) ?? id;
  }

  /** A name for the task that stays the same when the server gives it another. */
  lastingId(id: string): string {
    return this.fromHere.get(id) ?? id;
  }

  /** The confirmed task, by either of its names. */
  confirmedTask(id: string): Task | undefined {
    const real = this.realId(id);
    return this.confirmed.value?.tasks.find((task) => task.id === real);
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

  /** Whether what the answer told is in the snapshot, even where no event tells (nothing changed). */
  private isIn(snapshot: Snapshot, { change, answered }: Pending): boolean {
    if (answered === null) return false;
    const id = this.realId(change.task);
    const task = snapshot.tasks.find((each) => each.id === id);
    if (change.kind === "delete") return !task;
    if (change.kind === "create") return task !== undefined;
    return !task || task.version >= answered;
  }

  private pair(here: string, server: string): void {
    this.fromServer.set(here, server);
    this.fromHere.set(server, here);
  }
}
