/** The person's sign-in, one for all tabs of this browser. */

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { type Answer, Refused, type RequestOptions, request, Unavailable } from "../api/request";
import type { TokenAnswer, User } from "../api/shapes";

const KEY = "roomful.session";
const LOCK = "roomful.session.renew";

interface Kept {
  access_token: string;
  refresh_token: string;
  /** This browser's clock, milliseconds. */
  expires_at: number;
  lifetime_ms: number;
  user: User;
}

/** Why nobody is signed in: never was, chose to leave, or was ended from elsewhere. */
export type Absence = "none" | "left" | "ended";

/** Raised where a token is needed and the session is over. */
export class SignedOut extends Error {
  constructor() {
    super("You are signed out.");
  }
}

type Send = typeof request;

/** Runs `work` while no other tab does; browsers offer locks only on https and localhost. */
export type Exclusive = <T>(work: () => Promise<T>) => Promise<T>;

export const exclusive: Exclusive = (work) => {
  if (!("locks" in navigator)) return work(); // the server forgives two tabs that refresh at once
  return navigator.locks.request(LOCK, work) as ReturnType<typeof work>;
};

export class Session {
  private readonly kept: Signal<Kept | null>;
  private readonly userSignal: Signal<User | null>;
  private readonly absenceSignal = signal<Absence>("none");
  private renewing: Promise<string> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly storage: Storage,
    private readonly alone: Exclusive = exclusive,
    private readonly send: Send = request,
  ) {
    this.kept = signal(this.read());
    this.userSignal = signal(this.kept.value?.user ?? null);
    this.schedule();
  }

  get user(): ReadonlySignal<User | null> {
    return this.userSignal;
  }

  get absence(): ReadonlySignal<Absence> {
    return this.absenceSignal;
  }

  async signIn(email: string, password: string): Promise<void> {
    this.keep((await this.send<TokenAnswer>("POST", "auth/token", { form: { username: email, password } })).body);
  }

  async register(email: string, password: string, name: string): Promise<void> {
    this.keep((await this.send<TokenAnswer>("POST", "auth/register", { body: { email, password, name } })).body);
  }

  /** Sign out here and in every tab. The server is told when it can be reached; the tokens are gone in any case. */
  async signOut(): Promise<void> {
    const token = this.kept.value?.access_token;
    this.drop("left");
    if (token) await this.send("POST", "auth/logout", { token }).catch(() => undefined);
  }

  /** An access token that is good for a while, renewed first where it is not. Raises SignedOut, Unavailable. */
  async token(): Promise<string> {
    const kept = this.kept.value;
    if (!kept) throw new SignedOut();
    const margin = Math.min(20_000, kept.lifetime_ms / 4);
    if (kept.expires_at - Date.now() > margin) return kept.access_token;
    return this.renew(kept.access_token);
  }

  /**
   * A token other than `stale`, got by one tab for all: whoever gets the lock second finds the first one's.
   *
   * Raises SignedOut when the session is over and Unavailable when the server can't be asked.
   */
  renew(stale: string): Promise<string> {
    this.renewing ??= this.alone(() => this.renewAlone(stale)).finally(() => {
      this.renewing = null;
    });
    return this.renewing;
  }

  /** A request in the person's name; an answer 401 renews the token and tries once more. */
  async request<T>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
    const token = await this.token();
    try {
      return await this.send<T>(method, path, { ...options, token });
    } catch (failure) {
      if (!(failure instanceof Refused) || failure.status !== 401) throw failure;
      return this.send<T>(method, path, { ...options, token: await this.renew(token) });
    }
  }

  /** Another tab wrote: take what it wrote. */
  hear(event: StorageEvent): void {
    if (event.key !== KEY && event.key !== null) return;
    const before = this.kept.value;
    const now = this.read();
    if (now) this.adopt(now);
    else if (before) this.forget("ended");
  }

  /** The person changed who they are (their name). */
  describe(user: User): void {
    const kept = this.kept.value;
    if (kept) this.write({ ...kept, user });
  }

  private async renewAlone(stale: string): Promise<string> {
    const kept = this.read();
    if (!kept) {
      this.forget("ended");
      throw new SignedOut();
    }
    if (kept.access_token !== stale && kept.expires_at > Date.now()) {
      this.adopt(kept);
      return kept.access_token;
    }
    try {
      const body = { refresh_token: kept.refresh_token };
      return this.keep((await this.send<TokenAnswer>("POST", "auth/refresh", { body })).body).access_token;
    } catch (failure) {
      if (!(failure instanceof Refused) || failure.status >= 500) throw failure;
      this.drop("ended");
      throw new SignedOut();
    }
  }

  private keep(answer: TokenAnswer): Kept {
    const lifetime = answer.expires_in * 1000;
    const { access_token, refresh_token, user } = answer;
    return this.write({ access_token, refresh_token, user, lifetime_ms: lifetime, expires_at: Date.now() + lifetime });
  }

  private write(kept: Kept): Kept {
    this.storage.setItem(KEY, JSON.stringify(kept));
    this.adopt(kept);
    return kept;
  }

  private adopt(kept: Kept): void {
    this.kept.value = kept;
    const known = this.userSignal.value;
    // The same person stays the same object: screens must not start again with every token.
    if (JSON.stringify(known) !== JSON.stringify(kept.user)) this.userSignal.value = kept.user;
    this.absenceSignal.value = "none";
    this.schedule();
  }

  private drop(absence: Absence): void {
    this.storage.removeItem(KEY);
    this.forget(absence);
  }

  private forget(absence: Absence): void {
    clearTimeout(this.timer);
    this.absenceSignal.value = absence;
    this.kept.value = null;
    this.userSignal.value = null;
  }

  /** Renew before the token ends. Tabs start at different moments, so that one is usually done before the next asks. */
  private schedule(): void {
    clearTimeout(this.timer);
    const kept = this.kept.value;
    if (!kept) return;
    const early = kept.lifetime_ms * (0.15 + 0.1 * Math.random());
    const wait = Math.max(1_000, kept.expires_at - Date.now() - early);
    this.timer = setTimeout(
      () => {
        this.renew(kept.access_token).catch((failure: unknown) => {
          // No network: `token()` renews when somebody asks. A person who is signed out has been told already.
          if (!(failure instanceof Unavailable) && !(failure instanceof SignedOut)) throw failure;
        });
      },
      Math.min(wait, 2 ** 31 - 1),
    );
  }

  private read(): Kept | null {
    try {
      const kept = JSON.parse(this.storage.getItem(KEY) ?? "null") as Kept | null;
      return kept && typeof kept.access_token === "string" && kept.user ? kept : null;
    } catch {
      return null;
    }
  }
}
