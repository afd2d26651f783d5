/** Addresses of the server, relative to the page's own. */

/** `projects/1` → `https://host/base/api/v1/projects/1`. */
export function apiAddress(path: string): string {
  return new URL(`api/v1/${path}`, document.baseURI).href;
}

/** The event socket: `wss://host/base/connection/websocket`. */
export function socketAddress(): string {
  return socketAt("connection/websocket");
}

/** The socket of documents: `wss://host/base/hocuspocus`. */
export function documentsAddress(): string {
  return socketAt("hocuspocus");
}

function socketAt(path: string): string {
  const address = new URL(path, document.baseURI);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  address.hash = "";
  return address.href;
}
