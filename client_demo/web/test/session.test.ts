import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Exclusive } from "../src/account/lock";
import { Session, SignedOut } from "../src/account/session";
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

test("another tab finds the sign-in", async () => {
  await tab().signIn("ada@example.org", "secret");
  expect(tab().user.value).toEqual(USER);
});

describe("renewal", () => {
  test("two tabs that need a token at the same time ask the server once", async () => {
    const first = tab();
    await first.signIn("ada@example.org", "secret");
    const second = tab();
    vi.setSystemTime(Date.now() + 899_000);
    requests = [];
    expect(await Promise.all([first.token(), second.token(), first.token()])).toEqual(Array(3).fill("access-2"));
    expect(requests.map((each) => each.path)).toEqual(["auth/refresh"]);
  });

  test("a token is renewed before it expires", async () => {
    const it = tab();
    await it.signIn("ada@example.org", "secret");
    requests = [];
    await vi.advanceTimersByTimeAsync(800_000);
    expect(requests.map((each) => each.path)).toEqual(["auth/refresh"]);
    expect(await it.token()).toBe("access-2");
  });

  test("after a 401 the token is renewed once, and the request repeated", async () => {
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

  test.each([true, false])("one that is answered after the sign-out signs nobody in again", async (isGranted) => {
    const it = tab();
    await it.signIn("ada@example.org", "secret");
    reply = (path) => {
      if (path !== "auth/refresh") return null;
      void it.signOut();
      if (isGranted) return tokens();
      throw new Refused(401, "UNAUTHENTICATED", "Revoked.");
    };
    await expect(it.renew("access-1")).rejects.toBeInstanceOf(SignedOut);
    expect([storage.length, it.user.value, it.absence.value]).toEqual([0, null, "left"]);
  });

  test.each([true, false])("one that is answered after another sign-in leaves that alone", async (isGranted) => {
    const it = tab();
    await it.signIn("ada@example.org", "secret");
    const bob = { ...tokens(), user: { ...USER, id: "bob" }, expires_at: Date.now() + 900_000, lifetime_ms: 900_000 };
    reply = () => {
      storage.setItem("roomful.session", JSON.stringify(bob));
      if (isGranted) return tokens();
      throw new Refused(401, "UNAUTHENTICATED", "Revoked.");
    };
    await expect(it.renew("access-1")).rejects.toBeInstanceOf(SignedOut);
    expect(tab().user.value?.id).toBe("bob");
  });

  test.each([
    ["a server that is out of reach", new Unavailable("No network.")],
    ["a proxy that refuses", new Refused(403, "UNKNOWN", "The server answered 403.")],
  ])("a session survives %s", async (_, failure) => {
    const it = tab();
    await it.signIn("ada@example.org", "secret");
    reply = () => {
      throw failure;
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

test("an invalid session in the storage counts as none", () => {
  storage.setItem("roomful.session", "{");
  expect(tab().user.value).toBeNull();
});

test("requests of a person are not made with the token of the next one", async () => {
  const here = tab();
  await here.signIn("ada@example.org", "secret");
  const request = here.requestOf("ada");
  await request("POST", "projects/1/import");
  expect(requests.at(-1)).toMatchObject({ path: "projects/1/import", token: "access-1" });
  await here.signOut();
  await expect(request("POST", "projects/1/import")).rejects.toBeInstanceOf(SignedOut);
  reply = () => ({ ...tokens(), user: { ...USER, id: "bob" } });
  await here.signIn("bob@example.org", "secret");
  requests = [];
  await expect(request("POST", "projects/1/import")).rejects.toBeInstanceOf(SignedOut);
  expect(requests).toEqual([]);
});

test("a request is never repeated with the token of somebody else who has signed in meanwhile", async () => {
  const here = tab();
  await here.signIn("ada@example.org", "secret");
  const other = { ...tokens(), user: { ...USER, id: "bob" } };
  reply = (path, token) => {
    if (path === "auth/token") return other;
    storage.setItem(
      "roomful.session",
      JSON.stringify({ ...other, expires_at: Date.now() + 900_000, lifetime_ms: 9e5 }),
    );
    throw new Refused(401, "UNAUTHENTICATED", token ?? "");
  };
  requests = [];
  await expect(here.request("POST", "projects/1/tasks")).rejects.toBeInstanceOf(SignedOut);
  expect(requests.map((each) => each.path)).toEqual(["projects/1/tasks"]);
});
