/** Requests to the server, which may fail in two ways. */

import * as common from "../texts/common";
import { apiAddress } from "./address";
import { takeEarly } from "./early";

const DEADLINE_MS = 15_000;

/** The code of a refusal without one. The server always gives one. */
const UNKNOWN = "UNKNOWN";

/** These may be about the request itself, its size or its words, also where a proxy gives them. */
const ABOUT_THE_REQUEST = [400, 403, 411, 413, 414, 415, 431];

/** A final refusal: repeating the request would not help. `code` is for programs, the message for people. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: unknown[] = [],
  ) {
    super(message);
  }

  /** Not if a proxy refuses, which knows nothing of people and what they may see. */
  get isOfServer(): boolean {
    return this.code !== UNKNOWN;
  }
}

/** A temporary failure: the same request may succeed later. */
export class Unavailable extends Error {
  constructor(
    message: string,
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(message);
  }
}

export interface RequestOptions {
  body?: unknown;
  /** Sent as a form, as OAuth2's password flow wants it. */
  form?: Record<string, string>;
  /** A body of CSV. */
  csv?: string;
  headers?: Record<string, string>;
  token?: string;
}

export interface Answer<T> {
  body: T;
  headers: Headers;
}

/**
 * Send one request and read its JSON answer.
 *
 * Raises Unavailable for temporary failures (no network, 429, 502 to 504, and what only a proxy or a hotel's sign-in page
 * answers while the server is away: a page, a 404 without the server's code), and Refused for all others.
 */
export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
  const headers = new Headers(options.headers);
  headers.set("Accept", "application/json");
  if (options.token) headers.set("Authorization", `Bearer ${options.token}`);
  let body: BodyInit | undefined;
  if (options.form) body = new URLSearchParams(options.form);
  else if (options.csv !== undefined) {
    headers.set("Content-Type", "text/csv");
    body = options.csv;
  } else if (options.body !== undefined) {
    headers.set("Content-Type", "application/json");
    body = JSON.stringify(options.body);
  }

  let response: Response;
  let text: string;
  try {
    response = await (takeEarly(method, path, options.token) ??
      fetch(apiAddress(path), { method, headers, body: body ?? null, signal: AbortSignal.timeout(DEADLINE_MS) }));
    text = await response.text();
  } catch {
    throw new Unavailable(common.unreachable);
  }
  if (!response.ok) throw refusalOf(response, text);
  const answer = parse(text);
  if (answer === undefined) throw new Unavailable(common.unreachable);
  return { body: answer as T, headers: response.headers };
}

/** What a failed answer means. */
export function refusalOf(response: Response, text: string): Refused | Unavailable {
  const { status, headers } = response;
  const problem = (parse(text) ?? {}) as { error?: string; code?: unknown; details?: unknown[] };
  const isOfServer = typeof problem.code === "string";
  const message = (isOfServer && problem.error) || common.answered(status);
  if ([429, 502, 503, 504].includes(status) || !(isOfServer || ABOUT_THE_REQUEST.includes(status))) {
    return new Unavailable(message, Number(headers.get("Retry-After")) || null);
  }
  return new Refused(status, isOfServer ? (problem.code as string) : UNKNOWN, message, problem.details);
}

/** The address of the page after the one at `path`, both relative to the API; null on the last one (RFC 8288). */
export function nextPage(path: string, headers: Headers): string | null {
  const link = /<([^>]+)>\s*;\s*rel="?next"?/.exec(headers.get("Link") ?? "")?.[1];
  if (!link) return null;
  const api = apiAddress("");
  const next = new URL(link, apiAddress(path)).href;
  return next.startsWith(api) ? next.slice(api.length) : null;
}

/** Null for no text, undefined for what is no JSON. */
function parse(text: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
