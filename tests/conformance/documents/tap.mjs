// What goes over a client's WebSockets: counted by kind, and each update held until the server acknowledges it.
import * as decoding from "lib0/decoding";
import WebSocket from "ws";

const SYNC = ["step1", "step2", "update"];
const KINDS = {
  "y-websocket": { 1: "awareness", 2: "auth", 3: "query", 100: "stored" },
  hocuspocus: { 1: "awareness", 2: "auth", 3: "query", 5: "stateless", 7: "close", 8: "status", 9: "ping", 10: "pong" },
};

// The traffic of one client, whichever of its sockets carried it.
export class Record {
  attempts = 0;
  opens = 0;
  closes = [];
  errors = [];
  sent = {};
  received = {};
  // Updates in the order in which they were sent, on the socket that is open now.
  waiting = [];
  acknowledged = [];
  refused = [];
  // Whether this socket has not told the server yet what it lacks.
  owes = true;

  started() {
    this.waiting = [];
    this.owes = true;
  }

  note(direction, { kind, update, status, count }) {
    this[direction][kind] = (this[direction][kind] ?? 0) + 1;
    if (direction === "sent" && update !== undefined) this.waiting.push(update);
    if (direction === "sent" && kind === "step2") this.owes = false;
    if (kind === "status") (status === 1 ? this.acknowledged : this.refused).push(this.waiting.shift());
    if (kind === "stored") this.acknowledged.push(...this.waiting.splice(0, count));
  }
}

// A WebSocket class for a provider: `records(key)` are those of a document on it, or of all when there is no key.
export function tapped(wire, records) {
  return class extends WebSocket {
    constructor(...given) {
      super(...given);
      for (const record of records()) {
        record.attempts++;
        record.socket = this;
      }
      this.on("open", () => records().forEach((record) => (record.started(), record.opens++)));
      this.on("close", (code, reason) => records().forEach((record) => record.closes.push([code, reason.toString()])));
      this.on("error", ({ message }) => records().forEach((record) => record.errors.push(message)));
      this.on("message", (data) => this.#note("received", new Uint8Array(data)));
    }

    send(data, ...rest) {
      if (this.readyState === WebSocket.OPEN) this.#note("sent", new Uint8Array(data));
      super.send(data, ...rest);
    }

    #note(direction, frame) {
      const { key, ...message } = read(wire, frame);
      for (const record of records(key)) record.note(direction, message);
    }
  };
}

function read(wire, frame) {
  const decoder = decoding.createDecoder(frame);
  const isBare = wire === "hocuspocus" && frame.length === 1;
  const key = wire === "hocuspocus" && !isBare ? decoding.readVarString(decoder) : undefined;
  const type = decoding.readVarUint(decoder);
  if (type === 0) {
    const step = decoding.readVarUint(decoder);
    const update = step === 0 ? undefined : decoding.readVarUint8Array(decoder).slice();
    return { key, kind: SYNC[step], update };
  }
  const kind = KINDS[wire][type] ?? `type ${type}`;
  if (kind === "status") return { key, kind, status: decoding.readVarInt(decoder) };
  if (kind === "stored") return { key, kind, count: decoding.readVarUint(decoder) };
  return { key, kind };
}
