// The page of a browser for the examples of editors, whose packages look for one when they are imported.

import { JSDOM } from "jsdom";
import WebSocket from "ws";

const { window } = new JSDOM('<div id="editor"></div>', { pretendToBeVisual: true, url: "http://127.0.0.1/" });
for (const name of Object.getOwnPropertyNames(window)) {
  if (!(name in globalThis)) globalThis[name] = window[name];
}
globalThis.WebSocket = WebSocket;
window.Range.prototype.getClientRects = () => []; // nothing is laid out
