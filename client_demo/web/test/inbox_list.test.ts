import { beforeEach, expect, test, vi } from "vitest";
import type { Session } from "../src/account/session";
import type { Answer } from "../src/api/request";
import type { Notification, OwnEvent } from "../src/api/shapes";
import { Inbox } from "../src/live/inbox";
import type { Link } from "../src/live/link";

/** Questions that are not answered yet, in their order. */
let asked: { path: string; answer: (entries: Notification[], headers?: Record<string, string>) => Promise<void> }[];
let publish: (offset: number, values: Partial<Notification>) => void;
let inbox: Inbox;

beforeEach(() => {
  vi.stubGlobal("document", { baseURI: "https://board.example/" });
  asked = [];
  const listeners = new Map<string, (context: unknown) => void>();
  const client = { on: (name: string, listener: (context: unknown) => void) => listeners.set(name, listener) };
  const request = (_: string, path: string) =>
    new Promise<Answer<Notification[]>>((resolve) => {
      const answer = async (body: Notification[], headers: Record<string, string> = {}) => {
        resolve({ body, headers: new Headers(headers) });
        await new Promise((seen) => setTimeout(seen));
      };
      asked.push({ path, answer });
    });
  publish = (offset, values) => {
    const data = { unread: 0, notification: entry(values) };
    const event = {
      id: "e",
      project_id: "p",
      offset,
      actor_id: null,
      at: "",
      version: 1,
      type: "notification.updated",
      data,
    };
    listeners.get("publication")!({ channel: "user:ada", data: event as unknown as OwnEvent });
  };
  inbox = new Inbox({ request } as unknown as Session, { client } as unknown as Link);
});

function entry(values: Partial<Notification>): Notification {
  return {
    id: "1",
    project_id: "p",
    project_name: "Apollo",
    subject: { type: "task", id: "t", title: "Fly" },
    reason: "assigned",
    actor_id: "bob",
    actor_name: "Bob",
    count: 1,
    created_at: "2026-07-16T13:00:00Z",
    updated_at: "2026-07-16T13:00:00Z",
    read_at: null,
    archived_at: null,
    snoozed_until: null,
    ...values,
  };
}

const NEXT = { Link: '<?cursor=x>; rel="next"' };
const shown = () => inbox.entries.value.map(({ id, count }) => `${id}: ${count}`);

test("an older page does not replace what was told meanwhile", async () => {
  inbox.show({ shelf: "inbox", project: null });
  await asked[0]!.answer([entry({ id: "3" })], { "X-Stream-Offset": "3", ...NEXT });
  void inbox.more();
  await vi.waitFor(() => expect(asked).toHaveLength(2));
  publish(4, { count: 2, updated_at: "2026-07-16T14:00:00Z" });
  await asked[1]!.answer([entry({ id: "2" }), entry({})], { "X-Stream-Offset": "3" });
  expect(shown()).toEqual(["1: 2", "3: 1", "2: 1"]);
});

test("more of a list that is being loaded again comes after that", async () => {
  inbox.show({ shelf: "inbox", project: null });
  await asked[0]!.answer([entry({ id: "3" })], NEXT);
  inbox.reload();
  void inbox.more();
  await asked[1]!.answer([entry({ id: "4" })], NEXT);
  expect(inbox.state.value).toBe("more");
  await asked[2]!.answer([entry({ id: "2" })]);
  expect(shown()).toEqual(["4: 1", "2: 1"]);
  expect(inbox.hasMore).toBe(false);
});

test("more of a list that was left for another one is not asked for", async () => {
  inbox.show({ shelf: "inbox", project: null });
  await asked[0]!.answer([entry({ id: "3" })], NEXT);
  inbox.reload();
  void inbox.more();
  inbox.show({ shelf: "archived", project: null });
  await asked[1]!.answer([entry({ id: "4" })], NEXT);
  await asked[2]!.answer([]);
  expect(asked).toHaveLength(3);
  expect(inbox.state.value).toBe("ready");
});
