/** The person's sign-in, one for all tabs of this browser. */

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { type Answer, Refused, type RequestOptions, request, Unavailable } from "../api/request";
import type { TokenAnswer, User } from "../api/shapes";
import * as common from "../texts/common";
import type { Exclusive } from "./lock";

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

/** Why nobody is signed in: never signed in, signed out here, or signed out from elsewhere. */
export type Absence = "none" | "left" | "ended";

/** Raised where a token is needed and the session is over. */
export class SignedOut extends Error {
  constructor() {
    super(common.signedOut);
  }
}

type Send = typeof request;

const exclusive: Exclusive = (work) => {
  if (!("locks" in navigator)) return work(); // on plain HTTP; the server accepts two tabs that refresh at once
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

  /** With the token of an invitation, the person joins its project too. */
  async register(email: string, password: string, name: string, invitation?: string): Promise<void> {
    const body = { email, password, name, invitation };
    this.keep((await this.send<TokenAnswer>("POST", "auth/register", { body })).body);
  }

  /** Sign out here and in every tab. Tells the server if it can be reached; the tokens are gone in any case. */
  async signOut(): Promise<void> {
    const token = this.kept.value?.access_token;
    this.drop("left");
    if (token) await this.send("POST", "auth/logout", { token }).catch(() => undefined);
  }

  /** An access token that stays valid for a while, renewed if necessary. Raises SignedOut, Unavailable. */
  async token(): Promise<string> {
    const kept = this.kept.value;
    if (!kept) throw new SignedOut();
    const margin = Math.min(20_000, kept.lifetime_ms / 4);
    if (kept.expires_at - Date.now() > margin) return kept.access_token;
    return this.renew(kept.access_token);
  }

  /**
   * A token other than `stale`. One tab renews it for all: the tab that gets the lock second finds the first one's.
   *
   * Raises SignedOut when the session is over, and Unavailable when the server can't be reached.
   */
  renew(stale: string): Promise<string> {
    this.renewing ??= this.alone(() => this.renewAlone(stale)).finally(() => {
      this.renewing = null;
    });
    return this.renewing;
  }

  /** A request with the person's token, which is renewed once after a 401. Never with the token of who comes next. */
  async request<T>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
    const person = this.kept.value?.user.id;
    const own = (token: string) => {
      if (this.kept.value?.user.id !== person) throw new SignedOut();
      return token;
    };
    const token = own(await this.token());
    try {
      return await this.send<T>(method, path, { ...options, token });
    } catch (failure) {
      if (!(failure instanceof Refused) || failure.status !== 401) throw failure;
      return this.send<T>(method, path, { ...options, token: own(await this.renew(token)) });
    }
  }

  /** Requests of this person, for work that may outlast their sign-in: nobody else's token is used for them. */
  requestOf(person: string): Session["request"] {
    return async (method, path, options) => {
      if (this.kept.value?.user.id !== person) throw new SignedOut();
      return this.request(method, path, options);
    };
  }

  /** Adopt what another tab has written. */
  hear(event: StorageEvent): void {
    if (event.key !== KEY && event.key !== null) return;
    const before = this.kept.value;
    const now = this.read();
    if (now) this.adopt(now);
    else if (before) this.forget("ended");
  }

  /** Keep the person's new data (their name). */
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
    const answer = await this.refresh(kept.refresh_token);
    const now = this.read();
    if (now?.refresh_token !== kept.refresh_token) {
      // Meanwhile the person has signed out, perhaps somebody in, or another tab has renewed the token.
      if (now?.user.id !== kept.user.id) throw new SignedOut();
      this.adopt(now);
      return now.access_token;
    }
    if (answer) return this.keep(answer).access_token;
    this.drop("ended");
    throw new SignedOut();
  }

  /** New tokens, or null if the server refuses. A proxy's refusal ends no session. */
  private async refresh(refresh_token: string): Promise<TokenAnswer | null> {
    try {
      return (await this.send<TokenAnswer>("POST", "auth/refresh", { body: { refresh_token } })).body;
    } catch (failure) {
      if (!(failure instanceof Refused)) throw failure;
      if (failure.isOfServer && failure.status < 500) return null;
      throw new Unavailable(failure.message);
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

  /** Renew before the token expires. Tabs do so at different moments, so usually only one has to. */
  private schedule(): void {
    clearTimeout(this.timer);
    const kept = this.kept.value;
    if (!kept) return;
    const early = kept.lifetime_ms * (0.15 + 0.1 * Math.random());
    const wait = Math.max(1_000, kept.expires_at - Date.now() - early);
    this.timer = setTimeout(
      () => {
        this.renew(kept.access_token).catch((failure: unknown) => {
          // Without a network, `token()` renews later. A signed-out person has been told already.
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
