import { beforeEach, describe, expect, test, vi } from "vitest";
import { type Exclusive, Session, SignedOut } from "../src/account/session";
import { Refused, type request, Unavailable } from "../src/api/request";
import { MemoryStorage } from "./samples";

const USER = { id: "ada", email: "ada@example.org", name: "Ada", role: "user" as const };

let storage: MemoryStorage;
let requests: { path: string; token?: string | undefined; body?: unknown }[];
let reply: (path: string, token?: string) => unknown;
let issued: number;

/** A lock for all sessions of one test, as the browser's is for all tabs. */
let last: Promise<unknown>;
const alone: Exclusive = (work) => {
  const next = last.then(work);
  last = next.catch(() => undefined);
  return next;
};

function tokens(expires_in = 900) {
  issued += 1;
  return { access_token: `access-${issued}`, refresh_token: `refresh-${issued}`, expires_in, user: USER };
}

function tab(): Session {
  const send = (async (_: string, path: string, options: { token?: string; body?: unknown } = {}) => {
    requests.push({ path, token: options.token, body: options.body });
    return { body: reply(path, options.token), headers: new Headers() };
  }) as typeof request;
  return new Session(storage, alone, send);
}

beforeEach(() => {
  vi.useFakeTimers();
  storage = new MemoryStorage();
  requests = [];
  issued = 0;
  last = Promise.resolve();
  reply = () => tokens();
  return () => vi.useRealTimers();
});

test("a sign-in is there for the next tab", async () => {
  await tab().signIn("ada@example.org", "secret");
  expect(tab().user.value).toEqual(USER);
});

describe("renewal", () => {
  test("two tabs that need a token at once ask the server once", async () => {
    const first = tab();
    await first.signIn("ada@example.org", "secret");
    const second = tab();
    vi.setSystemTime(Date.now() + 899_000);
    requests = [];
    expect(await Promise.all([first.token(), second.token(), first.token()])).toEqual(Array(3).fill("access-2"));
    expect(requests.map((each) => each.path)).toEqual(["auth/refresh"]);
  });

  test("happens by itself before the token ends", async () => {
    const it = tab();
    await it.signIn("ada@example.org", "secret");
    requests = [];
    await vi.advanceTimersByTimeAsync(800_000);
    expect(requests.map((each) => each.path)).toEqual(["auth/refresh"]);
    expect(await it.token()).toBe("access-2");
  });

  test("an answer 401 renews once and tries again", async () => {
    const it = tab();
    await it.signIn("ada@example.org", "secret");
    reply = (path, token) => {
      if (path === "auth/refresh") return tokens();
      if (token === "access-1") throw new Refused(401, "UNAUTHENTICATED", "No.");
      return "fine";
    };
    expect((await it.request("GET", "projects")).body).toBe("fine");
  });

  test("a refused renewal ends the session in this tab and tells the others", async () => {
    const it = tab();
    await it.signIn("ada@example.org", "secret");
    const other = tab();
    reply = () => {
      throw new Refused(401, "UNAUTHENTICATED", "Revoked.");
    };
    await expect(it.renew("access-1")).rejects.toBeInstanceOf(SignedOut);
    expect(it.user.value).toBeNull();
    expect(it.absence.value).toBe("ended");
    other.hear({ key: "roomful.session", newValue: null } as StorageEvent);
    expect(other.absence.value).toBe("ended");
  });

  test("a server out of reach ends nothing", async () => {
    const it = tab();
    await it.signIn("ada@example.org", "secret");
    reply = () => {
      throw new Unavailable("No network.");
    };
    await expect(it.renew("access-1")).rejects.toBeInstanceOf(Unavailable);
    expect(it.user.value).toEqual(USER);
  });
});

test("signing out forgets the tokens even when the server can't be reached", async () => {
  const it = tab();
  await it.signIn("ada@example.org", "secret");
  reply = () => {
    throw new Unavailable("No network.");
  };
  await it.signOut();
  expect(storage.length).toBe(0);
  await expect(it.token()).rejects.toBeInstanceOf(SignedOut);
});

test("what is no session in the storage is nobody", () => {
  storage.setItem("roomful.session", "{");
  expect(tab().user.value).toBeNull();
});
