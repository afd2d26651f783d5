/** The request that the page began before its script had come (src/early.ts). */

declare global {
  interface Window {
    roomfulEarly?: { path: string; token: string; response: Promise<Response> } | undefined;
  }
}

/** Its answer, if it is this request; only for the first who asks. */
export function takeEarly(method: string, path: string, token: string | undefined): Promise<Response> | null {
  const early = typeof window === "undefined" ? undefined : window.roomfulEarly;
  if (!early || method !== "GET" || early.path !== path || early.token !== token) return null;
  window.roomfulEarly = undefined;
  return early.response;
}
