import type { ReadonlySignal } from "@preact/signals";
import { signal } from "@preact/signals";
import { beforeEach, expect, test, vi } from "vitest";
import { reportFault } from "../src/account/fault";
import { type Session, SignedOut } from "../src/account/session";
import { type Answer, Refused, Unavailable } from "../src/api/request";
import { Inbox } from "../src/live/inbox";
import type { Link } from "../src/live/link";
import { Discussion } from "../src/state/discussion";
import { Feed } from "../src/state/feed";

let faults: unknown[] = [];

beforeEach(() => {
  faults = [];
  vi.stubGlobal("reportError", (fault: unknown) => faults.push(fault));
  vi.stubGlobal("document", { baseURI: "https://board.example/" });
});

type Get = () => Promise<Answer<never>>;

/** The lists that keep a state of their own, each asked for its first page. */
const LISTS: [string, (get: Get) => ReadonlySignal<string>][] = [
  [
    "activity",
    (get) => {
      const feed = new Feed("p", get);
      void feed.more(10);
      return feed.state;
    },
  ],
  [
    "discussion",
    (get) => {
      const discussion = new Discussion("1", "p", signal([]), get);
      void discussion.load();
      return discussion.state;
    },
  ],
  [
    "inbox",
    (get) => {
      const inbox = new Inbox({ request: get } as unknown as Session, { client: { on() {} } } as unknown as Link);
      inbox.show({ shelf: "inbox", project: null });
      return inbox.state;
    },
  ],
];

test.each(LISTS)("a fault while the %s is read is reported", async (_, read) => {
  const state = read(() => Promise.resolve({ body: null as never, headers: new Headers() })); // no list
  await vi.waitFor(() => expect(state.value).toBe("broken"));
  expect(faults).toEqual([expect.any(TypeError)]);
});

test.each(LISTS)("a failed request for the %s is no fault", async (_, read) => {
  const state = read(() => Promise.reject(new Unavailable("Busy.")));
  await vi.waitFor(() => expect(state.value).toBe("failed"));
  expect(faults).toEqual([]);
});

test("what a request raises is no fault", () => {
  for (const failure of [new Refused(403, "FORBIDDEN", "No."), new Unavailable("Busy."), new SignedOut()]) {
    reportFault(failure);
  }
  expect(faults).toEqual([]);
});
