/** Addresses of the server, all relative to where this page was served from. */

/** `projects/1` → `https://host/base/api/v1/projects/1`. */
export function apiAddress(path: string): string {
  return new URL(`api/v1/${path}`, document.baseURI).href;
}

/** The event socket: `wss://host/base/connection/websocket`. */
export function socketAddress(): string {
  const address = new URL("connection/websocket", document.baseURI);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  address.hash = "";
  return address.href;
}
