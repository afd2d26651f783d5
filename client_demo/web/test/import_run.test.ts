import { expect, test, vi } from "vitest";
import { Refused, type RequestOptions, Unavailable } from "../src/api/request";
import { read } from "../src/state/csv";
import { ImportRun, keyOf, reportOf, type Send } from "../src/state/import_run";

const table = (rows: number, title = (row: number) => `Task ${row}`) =>
  read(`title\n${Array.from({ length: rows }, (_, row) => title(row)).join("\n")}`);

/** A server that makes each part once, and answers a repeated one as the first time. */
class Server {
  readonly titles: string[] = [];
  readonly known = new Map<string, number>();
  readonly asked: RequestOptions[] = [];
  /** What happens to the next requests: they pass unless it says otherwise. */
  readonly fate: ("lost before" | "lost after" | Refused)[] = [];

  readonly send: Send = async (_, path, options) => {
    this.asked.push(options);
    const rows = read(options.csv!).rows;
    const fate = this.fate.shift();
    if (fate === "lost before") throw new Unavailable("The server can't be reached.");
    if (fate instanceof Refused) throw fate;
    const key = options.headers?.["Idempotency-Key"] ?? "";
    const isRepeated = this.known.has(key);
    if (!isRepeated && !path.includes("dry_run")) {
      this.known.set(key, rows.length);
      this.titles.push(...rows.map(({ cells }) => cells[0]!));
    }
    if (fate === "lost after") throw new Unavailable("The server can't be reached.");
    const left_out = rows[1]?.cells[0] === "bad" ? [{ row: 2, line: 3, reason: "It has no title." }] : [];
    const headers = new Headers(isRepeated ? { "Idempotency-Replayed": "true" } : {});
    return { body: { made: rows.length - left_out.length, headings: [], left_out, doubts: [], drafts: [] }, headers };
  };
}

test("parts of 100 rows are sent in order, each under a key of its own", async () => {
  const server = new Server();
  const run = new ImportRun("p", table(250), "k", server.send);
  await run.run();
  expect(server.titles).toEqual(table(250).rows.map(({ cells }) => cells[0]));
  expect([...server.known]).toEqual([
    ["k-0", 100],
    ["k-1", 100],
    ["k-2", 50],
  ]);
  expect([run.sent.value, run.made.value, run.ending.value]).toEqual([250, 250, "finished"]);
});

test("an outage is waited out, and a part whose answer was lost is not made twice", async () => {
  vi.useFakeTimers();
  try {
    const server = new Server();
    server.fate.push("lost before", "lost after");
    const run = new ImportRun("p", table(150), "k", server.send);
    const done = run.run();
    await vi.advanceTimersByTimeAsync(0);
    expect(run.outage.value).toBe("The server can't be reached.");
    await vi.advanceTimersByTimeAsync(60_000);
    await done;
    expect(server.titles).toHaveLength(150);
    expect([run.made.value, run.repeated.value, run.outage.value]).toEqual([50, 100, null]);
  } finally {
    vi.useRealTimers();
  }
});

test("rows of tasks that the project has are counted, by their id or title", () => {
  const text = "\ufeffnumber,Title,id\nA-1,New name,one\nA-2,'=Fly ,gone\nA-3,Land,gone\nA-4,Land\nA-5,,\n";
  const headings = ["number", "Title", "id"].map((text) => ({ text, field: text === "Title" ? "title" : null }));
  const preview = { made: 0, headings, left_out: [], doubts: [], drafts: [] };
  const run = new ImportRun("p", read(text), "k", new Server().send);
  const tasks = [
    { id: "one", title: "Old name" },
    { id: "two", title: "=Fly" },
    { id: "three", title: "New" },
  ];
  expect(run.countKnown(preview, tasks)).toBe(2);
  expect(run.countKnown(preview, [])).toBe(0);
  expect(run.countKnown({ ...preview, headings: headings.slice(0, 1) }, tasks)).toBe(0);
});

test("cancelling stops before the next part and lists what was not sent", async () => {
  const server = new Server();
  const run: ImportRun = new ImportRun("p", table(150), "k", async (...request) => {
    run.cancel();
    return server.send(...request);
  });
  await run.run();
  expect(run.ending.value).toBe("cancelled");
  expect([run.sent.value, run.remarks.length, run.remarks[0]?.line]).toEqual([100, 50, 102]);
});

test("a refusal ends it, and says why", async () => {
  const server = new Server();
  server.fate.push(new Refused(403, "FORBIDDEN", "Your role does not allow this."));
  const run = new ImportRun("p", table(2), "k", server.send);
  await run.run();
  expect([run.ending.value, run.problem, run.remarks.length]).toEqual(["failed", "Your role does not allow this.", 2]);
});

test("remarks name the lines of the file", async () => {
  const server = new Server();
  const run = new ImportRun("p", read('title\n\n"one\ntwo"\nbad\n"never'), "k", server.send);
  await run.run();
  expect(run.remarks.map(({ line, text }) => [line, text])).toEqual([
    [5, "bad"],
    [6, ""],
  ]);
});

test("long rows go in smaller parts, and one that no request holds is left out", async () => {
  const server = new Server();
  const long = (row: number) => `${row}${"x".repeat(row === 1 ? 300_000 : 100_000)}`;
  const run = new ImportRun("p", table(4, long), "k", server.send);
  await run.run();
  expect([...server.known.values()]).toEqual([2, 1]);
  expect(run.remarks.map(({ line }) => line)).toEqual([3]);
});

test("a preview makes nothing", async () => {
  const server = new Server();
  const run = new ImportRun("p", table(150), "k", server.send);
  expect((await run.preview()).made).toBe(100);
  expect(server.titles).toEqual([]);
});

test("a report is safe in spreadsheets", () => {
  expect(reportOf([{ line: 2, field: null, text: "=1+1", reason: "No." }])).toBe(
    '\ufeff"line","field","text","reason"\r\n"2","","\'=1+1","No."\r\n',
  );
});

test("a file has one name in a project", () => {
  expect(keyOf("p", "a")).toBe(keyOf("p", "a"));
  expect(new Set([keyOf("p", "a"), keyOf("q", "a"), keyOf("p", "b"), keyOf("p", "ab")]).size).toBe(4);
});
