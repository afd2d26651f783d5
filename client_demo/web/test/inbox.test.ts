import { describe, expect, it, vi } from "vitest";
import type { Session } from "../src/account/session";
import type { Notification, OwnEvent } from "../src/api/shapes";
import { Inbox } from "../src/live/inbox";
import type { Link } from "../src/live/link";
import { addressOf, belongs, type Filter, put, withEvent } from "../src/state/inbox";

const ALL: Filter = { shelf: "inbox", project: null };

function entry(id: string, values: Partial<Notification> = {}): Notification {
  return {
    id,
    project_id: "apollo",
    project_name: "Apollo",
    subject: { type: "task", id: `task-${id}`, title: "Fly" },
    reason: "assigned",
    actor_id: "bob",
    actor_name: "Bob",
    count: 1,
    created_at: "2026-07-16T13:00:00Z",
    updated_at: `2026-07-16T13:0${id}:00Z`,
    read_at: null,
    archived_at: null,
    snoozed_until: null,
    ...values,
  };
}

function event(type: OwnEvent["type"], data: object, offset = 1): OwnEvent {
  const envelope = { id: "e", project_id: "apollo", offset, actor_id: null, at: "", version: 1 };
  return { ...envelope, type, data: { unread: 0, ...data } } as OwnEvent;
}

const ids = (entries: Notification[] | null) => entries?.map((each) => each.id);

describe("the list of an inbox", () => {
  it("keeps the newest first, and each entry once", () => {
    const list = [entry("1"), entry("3"), entry("2")].reduce((all, each) => put(all, each, ALL), [] as Notification[]);
    expect(ids(list)).toEqual(["3", "2", "1"]);
    const moved = withEvent(
      list,
      event("notification.updated", { notification: entry("1", { updated_at: "2027-01-01T00:00:00Z" }) }),
      ALL,
    );
    expect(ids(moved)).toEqual(["1", "3", "2"]);
  });

  it("drops what does not belong any more", () => {
    const list = [entry("2"), entry("1")];
    const archived = entry("2", { archived_at: "2026-07-16T14:00:00Z" });
    expect(ids(withEvent(list, event("notification.updated", { notification: archived }), ALL))).toEqual(["1"]);
    expect(
      ids(
        withEvent(list, event("notification.read", { notification: entry("1", { read_at: "x" }) }), {
          shelf: "unread",
          project: null,
        }),
      ),
    ).toEqual(["2"]);
  });

  it("drops a project's entries, or a subject's", () => {
    const list = [entry("3", { project_id: "gemini" }), entry("2"), entry("1")];
    expect(ids(withEvent(list, event("notification.deleted", { project_id: "apollo" }), ALL))).toEqual(["3"]);
    const subject = { type: "task", id: "task-1" };
    expect(ids(withEvent(list, event("notification.deleted", { project_id: "apollo", subject }), ALL))).toEqual([
      "3",
      "2",
    ]);
  });

  it("is loaded again when everything was read", () => {
    expect(withEvent([entry("1")], event("notification.read", { up_to: 4 }), ALL)).toBeNull();
  });

  it("is asked for by its filter", () => {
    expect(addressOf({ shelf: "unread", project: "apollo" })).toBe(
      "notifications?limit=50&unread=true&project_id=apollo",
    );
    expect(belongs(entry("1", { snoozed_until: "x" }), ALL)).toBe(false);
    expect(belongs(entry("1", { snoozed_until: "x" }), { shelf: "snoozed", project: null })).toBe(true);
    expect(belongs(entry("1"), { shelf: "inbox", project: "gemini" })).toBe(false);
  });
});

describe("an inbox on a slow line", () => {
  const ARCHIVED = entry("1", { archived_at: "2026-07-16T14:00:00Z" });

  /** The inbox, what tells it of events, and the requests, whose answers the test gives. */
  function slow() {
    vi.stubGlobal("document", { baseURI: "https://board.example/" });
    const listeners = new Map<string, (context: object) => void>();
    const answers: ((body: unknown, offset?: number) => Promise<void>)[] = [];
    const request = () =>
      new Promise((resolve) => {
        answers.push(async (body, offset = 0) => {
          resolve({ body, headers: new Headers({ "X-Stream-Offset": String(offset) }) });
          await new Promise((done) => setTimeout(done));
        });
      });
    const client = { on: (name: string, listener: (context: object) => void) => listeners.set(name, listener) };
    const inbox = new Inbox({ request } as unknown as Session, { client } as unknown as Link);
    const tell = (data: OwnEvent) => listeners.get("publication")!({ channel: "user:ada", data });
    return { inbox, tell, answers };
  }

  it("does not bring back what another device has archived since the change", async () => {
    const { inbox, tell, answers } = slow();
    inbox.show(ALL);
    await answers[0]!([entry("1")]);
    const changed = inbox.change(inbox.entries.value[0]!, { read: true });
    tell(event("notification.read", { notification: entry("1", { read_at: "x" }) }, 1));
    tell(event("notification.updated", { notification: ARCHIVED }, 2));
    await answers[1]!(entry("1", { read_at: "x" }));
    await changed;
    expect(inbox.entries.value).toEqual([]);
  });

  it("shows the answer to a change that no event tells of", async () => {
    const { inbox, answers } = slow();
    inbox.show(ALL);
    await answers[0]!([entry("1")]);
    const changed = inbox.change(inbox.entries.value[0]!, { archived: true });
    await answers[1]!(ARCHIVED);
    await changed;
    expect(inbox.entries.value).toEqual([]);
  });

  it("keeps what comes while a list is on its way, and drops what goes", async () => {
    const { inbox, tell, answers } = slow();
    inbox.show(ALL);
    tell(event("notification.created", { notification: entry("3") }, 8));
    tell(event("notification.updated", { notification: ARCHIVED }, 9));
    await answers[0]!([entry("2"), entry("1")], 7);
    expect(ids(inbox.entries.value)).toEqual(["3", "2"]);
  });

  it("takes no older event for news", async () => {
    const { inbox, tell, answers } = slow();
    inbox.show(ALL);
    tell(event("notification.updated", { notification: ARCHIVED }, 7));
    await answers[0]!([entry("1")], 8); // taken out of the archive again
    expect(ids(inbox.entries.value)).toEqual(["1"]);
  });

  it("counts what came after everything was read", async () => {
    const { inbox, tell, answers } = slow();
    inbox.show(ALL);
    await answers[0]!([entry("1")], 1);
    const read = inbox.readAll();
    tell(event("notification.read", { up_to: 1 }, 2));
    tell(event("notification.created", { notification: entry("2"), unread: 1 }, 3));
    await answers[1]!({ unread: 0 });
    await read;
    expect(inbox.unread.value).toBe(1);
  });
});
