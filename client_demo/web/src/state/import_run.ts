/** An import on its way to the server, part by part: goes on after outages, and makes nothing twice. */

import { batch, type ReadonlySignal, signal } from "@preact/signals";
import { reportFault } from "../account/fault";
import { type Answer, type RequestOptions, Unavailable } from "../api/request";
import * as common from "../texts/common";
import * as texts from "../texts/import";
import { Backoff } from "./backoff";
import { type CsvRow, guarded, type Table, unguarded, write } from "./csv";
import { checkRepeatable } from "./repeatable";

/** As `POST /projects/{id}/import` answers. */
export interface Imported {
  made: number;
  headings: { text: string; field: string | null }[];
  left_out: { row: number; line: number; reason: string }[];
  doubts: { row: number; line: number; field: string; value: string; reason: string }[];
  drafts: Draft[];
}

export interface Draft {
  row: number;
  title: string;
  column_id: string;
  labels: string[];
  assignee_id: string | null;
  due_on: string | null;
}

/** Something that was not taken over; `field` is null for a whole row. */
export interface Remark {
  line: number;
  field: string | null;
  text: string;
  reason: string;
}

export type Ending = "finished" | "cancelled" | "failed";
export type Send = (method: string, path: string, options: RequestOptions) => Promise<Answer<Imported>>;

/** What the server takes at once. */
const PART_ROWS = 100;
/** Half of what a request may have: characters take up to three bytes, and most take one. */
const PART_CHARS = 256 * 1024;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 20_000;

interface Part {
  rows: CsvRow[];
  tried_at: number | null;
}

export class ImportRun {
  private readonly sentSignal = signal(0);
  private readonly madeSignal = signal(0);
  private readonly repeatedSignal = signal(0);
  private readonly outageSignal = signal<string | null>(null);
  private readonly endingSignal = signal<Ending | null>(null);
  private isCancelled = false;
  private readonly backoff = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
  readonly remarks: Remark[] = [];
  /** Why it failed. */
  problem = "";
  private readonly parts: Part[];

  /** `key` begins the idempotency keys of its parts: the same file under the same key is imported once. */
  constructor(
    private readonly project: string,
    private readonly table: Table,
    private readonly key: string,
    private readonly send: Send,
  ) {
    const fitting = table.rows.filter(({ line, cells }) => {
      const isLong = cells.reduce((sum, cell) => sum + cell.length, 0) > PART_CHARS;
      if (isLong) this.remarks.push({ line, field: null, text: cells[0] ?? "", reason: texts.rowTooLong });
      return !isLong;
    });
    if (table.openQuote !== null) {
      const reason = texts.openQuote;
      this.remarks.push({ line: table.openQuote, field: null, text: "", reason });
    }
    this.parts = inParts(fitting);
    this.total = fitting.length;
  }

  /** How many rows there are to send. */
  readonly total: number;

  /** How many of them the server has answered. */
  get sent(): ReadonlySignal<number> {
    return this.sentSignal;
  }

  /** How many tasks it has made of them; `repeated` were made by an earlier try with the same file. */
  get made(): ReadonlySignal<number> {
    return this.madeSignal;
  }

  get repeated(): ReadonlySignal<number> {
    return this.repeatedSignal;
  }

  /** Why it waits, if it does. */
  get outage(): ReadonlySignal<string | null> {
    return this.outageSignal;
  }

  get ending(): ReadonlySignal<Ending | null> {
    return this.endingSignal;
  }

  /** Send all parts. Never rejects. */
  async run(): Promise<void> {
    for (const [index, part] of this.parts.entries()) {
      try {
        const answer = await this.deliver(part, index);
        if (!answer) return this.stop(index, "cancelled", texts.cancelledBefore);
        this.take(part, answer);
      } catch (failure) {
        this.problem = failure instanceof Error ? failure.message : common.somethingWentWrong;
        reportFault(failure);
        return this.stop(index, "failed", texts.stoppedBefore(this.problem));
      }
    }
    this.end("finished");
  }

  /** Send no further part. The one on its way is finished first. */
  cancel(): void {
    this.isCancelled = true;
    this.backoff.wake();
  }

  /** The connection may be back. */
  wake(): void {
    this.backoff.wake();
  }

  /** What the server says of the first part, without making anything. */
  async preview(): Promise<Imported> {
    const first = this.parts[0]?.rows ?? [];
    return (await this.send("POST", `${this.path}?dry_run=true`, { csv: this.csv(first) })).body;
  }

  /** How many rows are of tasks that the project has: by the id in an export of it, or by their titles. */
  countKnown({ headings }: Imported, tasks: readonly { id: string; title: string }[]): number {
    const title = headings.findIndex(({ field }) => field === "title");
    const id = headings.findIndex(({ text }) => text.trim().toLowerCase() === "id");
    const ids = new Set(tasks.map((task) => task.id));
    const titles = new Set(tasks.map((task) => task.title.trim()));
    const rows = this.parts.flatMap((part) => part.rows);
    return rows.filter(({ cells }) => ids.has(cells[id] ?? "") || titles.has(unguarded(cells[title] ?? "").trim()))
      .length;
  }

  private get path(): string {
    return `projects/${this.project}/import`;
  }

  /** The answer to a part, whose outages are waited out; null if it was cancelled before that. */
  private async deliver(part: Part, index: number): Promise<Answer<Imported> | null> {
    while (!this.isCancelled) {
      checkRepeatable(part.tried_at);
      part.tried_at ??= Date.now();
      try {
        const headers = { "Idempotency-Key": `${this.key}-${index}` };
        const answer = await this.send("POST", this.path, { csv: this.csv(part.rows), headers });
        this.outageSignal.value = null;
        this.backoff.reset();
        return answer;
      } catch (failure) {
        if (!(failure instanceof Unavailable)) throw failure;
        this.outageSignal.value = failure.message;
        await this.backoff.pause(failure.retryAfterSeconds);
      }
    }
    return null;
  }

  private take({ rows }: Part, { body, headers }: Answer<Imported>): void {
    const at = (row: number) => rows[row - 1]?.line ?? 0;
    const title = (row: number) => rows[row - 1]?.cells[0] ?? "";
    for (const { row, reason } of body.left_out) {
      this.remarks.push({ line: at(row), field: null, text: title(row), reason });
    }
    for (const { row, field, value, reason } of body.doubts) {
      this.remarks.push({ line: at(row), field, text: value, reason });
    }
    batch(() => {
      this.sentSignal.value += rows.length;
      const count = headers.has("Idempotency-Replayed") ? this.repeatedSignal : this.madeSignal;
      count.value += body.made;
    });
  }

  private stop(index: number, ending: Ending, reason: string): void {
    for (const { line, cells } of this.parts.slice(index).flatMap(({ rows }) => rows)) {
      this.remarks.push({ line, field: null, text: cells[0] ?? "", reason });
    }
    this.end(ending);
  }

  private end(ending: Ending): void {
    this.remarks.sort((a, b) => a.line - b.line);
    batch(() => {
      this.outageSignal.value = null;
      this.endingSignal.value = ending;
    });
  }

  private csv(rows: readonly CsvRow[]): string {
    return write([this.table.heading, ...rows.map(({ cells }) => cells)]);
  }
}

/** The report as CSV, for spreadsheets. */
export function reportOf(remarks: readonly Remark[]): string {
  const rows = remarks.map(({ line, field, text, reason }) => [String(line), field ?? "", guarded(text), reason]);
  return `\ufeff${write([["line", "field", "text", "reason"], ...rows])}`;
}

/** A name for a file's content in this project; two files hardly ever have the same. */
export function keyOf(project: string, text: string): string {
  return `import-${project}-${hash(text, 1)}${hash(text, 2)}`;
}

function inParts(rows: readonly CsvRow[]): Part[] {
  const parts: Part[] = [];
  let chars = 0;
  for (const row of rows) {
    const size = row.cells.reduce((sum, cell) => sum + cell.length, 0);
    const last = parts.at(-1);
    if (last && last.rows.length < PART_ROWS && chars + size <= PART_CHARS) {
      last.rows.push(row);
      chars += size;
    } else {
      parts.push({ rows: [row], tried_at: null });
      chars = size;
    }
  }
  return parts;
}

/** FNV-1a, twice 32 bits. */
function hash(text: string, seed: number): string {
  let value = 0x811c9dc5 ^ seed;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return (value >>> 0).toString(36);
}
