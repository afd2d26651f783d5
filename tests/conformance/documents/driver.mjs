// Many windows of stock editors in one process, steered by JSON lines: a command on standard input, its answer on standard
// output. `window` names the window that a command is for.
//
//   {"id": 1, "do": "open", "window": "a", "kind": "y-websocket", "url": "ws://…", "document": "…", "token": "…"}
//   {"id": 2, "do": "type", "window": "a", "text": "Hello"}      at the end, or {"at": 0}
//   {"id": 3, "do": "state", "window": "a"}                      {"id": 3, "result": {"text": "Hello", "synced": true, …}}
import readline from "node:readline";
import * as Y from "yjs";
import { openWindow } from "./client.mjs";
import { playTrace } from "./trace.mjs";

const windows = new Map();
// The providers tell people what happens to them; here the state tells it.
console.log = console.warn = console.error = () => {};

const commands = {
  open: ({ window, ...given }) => void windows.set(window, openWindow(given)),
  type: ({ window, text, at }) => windows.get(window).type(text, at),
  delete: ({ window, at, length }) => windows.get(window).delete(at, length),
  state: ({ window }) => windows.get(window).state,
  // Cut the connection, without a word.
  drop: ({ window }) => windows.get(window).record.socket.terminate(),
  offline: ({ window }) => windows.get(window).offline(),
  online: ({ window, ...given }) => windows.get(window).online(given),
  // What the provider says when it is asked for its token from now on.
  renew: ({ window, token }) => void (windows.get(window).token = token),
  awareness: ({ window, state }) => windows.get(window).provider.awareness.setLocalState(state),
  send: ({ window, hex }) => windows.get(window).record.socket.send(Buffer.from(hex, "hex")),
  // How many updates that were acknowledged at some windows a window's document lacks.
  lacks: ({ window, of }) => {
    const doc = new Y.Doc();
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(windows.get(window).doc));
    let changes = 0;
    doc.on("update", () => changes++);
    const missing = (update) => {
      const before = changes;
      Y.applyUpdate(doc, update);
      return changes > before || doc.store.pendingStructs !== null || doc.store.pendingDs !== null;
    };
    return of.flatMap((name) => windows.get(name).record.acknowledged).filter(missing).length;
  },
  trace: async ({ windows: names, seed, turns }) => playTrace(names.map((name) => windows.get(name)), seed, turns),
  destroy: ({ window }) => {
    windows.get(window)?.destroy();
    windows.delete(window);
  },
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { id, do: name, ...given } = JSON.parse(line);
  answer(id, name, given);
}
process.exit();

async function answer(id, name, given) {
  try {
    const result = (await commands[name](given)) ?? null;
    process.stdout.write(`${JSON.stringify({ id, result })}\n`);
  } catch ({ stack }) {
    process.stdout.write(`${JSON.stringify({ id, error: stack })}\n`);
  }
}
