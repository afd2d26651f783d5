// One editor's window: a Y.Doc, and the stock provider that keeps it level with the server.
import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import { WebsocketProvider as Version31 } from "y-websocket";
import { WebsocketProvider as Version2 } from "y-websocket-2";
import { WebsocketProvider as Version30 } from "y-websocket-3.0";
import * as Y from "yjs";
import { Record, tapped } from "./tap.mjs";

const WEBSOCKET_PROVIDERS = { "y-websocket": Version31, "y-websocket-3.0": Version30, "y-websocket-2": Version2 };
const HOCUSPOCUS_DELAYS = { delay: 100, minDelay: 100, maxDelay: 400 };

// Hocuspocus sockets that several clients share, by name.
const sockets = new Map();

class Window {
  record = new Record();
  stopped = null;
  denied = null;
  scope = null;
  updates = 0;

  constructor({ clientID, awareness }) {
    this.doc = new Y.Doc();
    if (clientID !== undefined) this.doc.clientID = clientID;
    this.hidden = awareness === null;
    this.doc.on("update", () => this.updates++);
  }

  hide() {
    if (this.hidden) this.provider.awareness.setLocalState(null);
  }

  // Where people type: the first text of the first paragraph, both made when they are missing.
  get place() {
    const fragment = this.doc.getXmlFragment("default");
    if (fragment.length === 0) fragment.insert(0, [new Y.XmlElement("paragraph")]);
    const paragraph = fragment.get(0);
    if (paragraph.length === 0) paragraph.insert(0, [new Y.XmlText()]);
    return paragraph.get(0);
  }

  type(text, at) {
    this.doc.transact(() => this.place.insert(at ?? this.place.length, text));
  }

  delete(at, length) {
    this.doc.transact(() => this.place.delete(at, length));
  }

  // All text, a line for each paragraph.
  get text() {
    const paragraphs = this.doc.getXmlFragment("default").toArray();
    return paragraphs.map((each) => each.toArray().map((leaf) => leaf.toString()).join("")).join("\n");
  }

  get state() {
    const { attempts, opens, closes, errors, sent, received, waiting, owes, acknowledged, refused } = this.record;
    const awareness = [...this.provider.awareness.getStates()];
    return {
      text: this.text,
      synced: this.provider.synced,
      unsynced: this.provider.unsyncedChanges ?? 0,
      waiting: waiting.length + (owes ? 1 : 0),
      acknowledged: acknowledged.length,
      refused: refused.length,
      is_whole: this.doc.store.pendingStructs === null && this.doc.store.pendingDs === null,
      client_id: this.doc.clientID,
      updates: this.updates,
      awareness: awareness.map(([id, state]) => ({ id, state })),
      attempts, opens, errors, sent, received,
      closes: closes.map(([code, reason]) => ({ code, reason })),
      stopped: this.stopped, denied: this.denied, scope: this.scope,
    };
  }
}

class WebsocketWindow extends Window {
  constructor(given) {
    super(given);
    const { kind, url, document, token, params, hasReceipts = true } = given;
    const options = {
      connect: false,
      disableBc: true,
      WebSocketPolyfill: tapped("y-websocket", () => [this.record]),
      params: { ...(token !== null && { token }), ...(hasReceipts && { stored: "1" }), ...params },
    };
    this.provider = new WEBSOCKET_PROVIDERS[kind](`${url}/yjs`, document, this.doc, options);
    this.provider.messageHandlers[100] = () => {};
    this.provider.on("closed", ({ code }) => (this.stopped = code));
    this.hide();
    this.provider.connect();
  }

  offline() {
    this.provider.disconnect();
  }

  online({ token }) {
    if (token !== undefined) this.provider.params = { ...this.provider.params, token };
    this.provider.connect();
  }

  destroy() {
    this.provider.destroy();
  }
}

class HocuspocusWindow extends Window {
  constructor(given) {
    super(given);
    const { url, document, token, socket, hasSessions = false } = given;
    this.token = token;
    this.socket = shared(socket) ?? open(url, socket);
    this.provider = new HocuspocusProvider({
      websocketProvider: this.socket.provider,
      name: document,
      document: this.doc,
      token: () => this.token,
      sessionAwareness: hasSessions,
      onAuthenticated: ({ scope }) => (this.scope = scope),
      onAuthenticationFailed: ({ reason }) => (this.denied = reason),
      onClose: ({ event }) => (this.stopped = event.code === 1000 ? event.reason : this.stopped),
    });
    this.socket.windows.set(this.provider.effectiveName, this);
    this.hide();
    this.provider.attach();
    if (this.socket.windows.size === 1) this.socket.provider.connect();
  }

  offline() {
    this.socket.provider.disconnect();
  }

  online({ token }) {
    if (token !== undefined) this.token = token;
    this.socket.provider.connect();
  }

  destroy() {
    this.provider.destroy();
    this.socket.windows.delete(this.provider.effectiveName);
    if (this.socket.windows.size === 0) this.socket.provider.destroy();
  }
}

function shared(name) {
  return name === undefined ? undefined : sockets.get(name);
}

function open(url, name) {
  const windows = new Map();
  const records = (key) => {
    const chosen = key === undefined ? [...windows.values()] : [windows.get(key)].filter(Boolean);
    return chosen.map(({ record }) => record);
  };
  const WebSocketPolyfill = tapped("hocuspocus", records);
  const options = { url: `${url}/hocuspocus`, WebSocketPolyfill, autoConnect: false, ...HOCUSPOCUS_DELAYS };
  const socket = { windows, provider: new HocuspocusProviderWebsocket(options) };
  if (name !== undefined) sockets.set(name, socket);
  return socket;
}

export function openWindow(given) {
  return given.kind === "hocuspocus" ? new HocuspocusWindow(given) : new WebsocketWindow(given);
}
