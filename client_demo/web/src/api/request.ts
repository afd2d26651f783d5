/** One request to the server, answered or failed in one of two ways. */

import { apiAddress } from "./address";

const DEADLINE_MS = 15_000;

/** The server said no, and would say it again: `code` is for programs, the message for people. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: unknown[] = [],
  ) {
    super(message);
  }
}

/** No answer, or "not now": the same request may succeed later. */
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
 * Raises Refused for an answer that stands and Unavailable for one that may change (no network, 429, 502 to 504).
 */
export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
  const headers = new Headers(options.headers);
  headers.set("Accept", "application/json");
  if (options.token) headers.set("Authorization", `Bearer ${options.token}`);
  let body: BodyInit | undefined;
  if (options.form) body = new URLSearchParams(options.form);
  else if (options.body !== undefined) {
    headers.set("Content-Type", "application/json");
    body = JSON.stringify(options.body);
  }

  let response: Response;
  let text: string;
  try {
    response = await fetch(apiAddress(path), {
      method,
      headers,
      body: body ?? null,
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    text = await response.text();
  } catch {
    throw new Unavailable("The server can't be reached.");
  }
  const parsed = parse(text);
  if (response.ok) return { body: parsed as T, headers: response.headers };

  const problem = (parsed ?? {}) as { error?: string; code?: string; details?: unknown[] };
  const message = problem.error ?? `The server answered ${response.status}.`;
  if ([429, 502, 503, 504].includes(response.status)) {
    throw new Unavailable(message, Number(response.headers.get("Retry-After")) || null);
  }
  throw new Refused(response.status, problem.code ?? "UNKNOWN", message, problem.details);
}

/** The address of the page after the one at `path`, both relative to the API; null on the last one (RFC 8288). */
export function nextPage(path: string, headers: Headers): string | null {
  const link = /<([^>]+)>\s*;\s*rel="?next"?/.exec(headers.get("Link") ?? "")?.[1];
  if (!link) return null;
  const api = apiAddress("");
  const next = new URL(link, apiAddress(path)).href;
  return next.startsWith(api) ? next.slice(api.length) : null;
}

function parse(text: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return null; // an answer of something between us and the server
  }
}
