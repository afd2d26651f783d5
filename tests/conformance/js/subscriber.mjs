// One subscriber with the official JavaScript SDK. Prints its events on standard output, one JSON note per line, and
// reads commands from standard input, one JSON command per line.
//
//   node subscriber.mjs '{"url": "ws://…", "channel": "project:42", "tokens": ["the first", "the next one"],
//                        "wire": "json" | "protobuf", "transport": "websocket" | "http_stream" | "sse",
//                        "delta": null | "fossil"}'
import readline from "node:readline";
import { EventSource } from "eventsource";
import WebSocket from "ws";

const { url, channel, tokens, wire, transport, delta } = JSON.parse(process.argv[2]);
const base = url.replace(/^ws/, "http");
const endpoint = transport === "websocket" ? url : base.replace(/websocket$/, transport);
// With protobuf the SDK accepts and returns publications as bytes.
const { Centrifuge, UnauthorizedError } = await import(wire === "protobuf" ? "centrifuge/build/protobuf" : "centrifuge");
const read = (data) => (data instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(data)) : data);
const write = (data) => (wire === "protobuf" ? new TextEncoder().encode(JSON.stringify(data)) : data);
const tell = (kind, note = {}) => console.log(JSON.stringify({ kind, ...note }));

const client = new Centrifuge([{ transport, endpoint }], {
  websocket: WebSocket,
  eventsource: EventSource,
  emulationEndpoint: new URL("/emulation", base).href,
  token: tokens.shift(),
  minReconnectDelay: 50,
  maxReconnectDelay: 200,
  getToken: async () => {
    tell("token");
    if (tokens.length === 0) throw new UnauthorizedError();
    return tokens.shift();
  },
});
client.on("connected", ({ client, transport }) => tell("connected", { client, transport }));
client.on("connecting", ({ code, reason }) => tell("connecting", { code, reason }));
client.on("disconnected", ({ code, reason }) => tell("disconnected", { code, reason }));

const subscription = client.newSubscription(channel, {
  joinLeave: true,
  ...(delta && { delta }),
  minResubscribeDelay: 50,
  maxResubscribeDelay: 200,
});
subscription.on("subscribed", ({ recoverable, wasRecovering, recovered, streamPosition }) =>
  tell("subscribed", { recoverable, was_recovering: wasRecovering, recovered, offset: streamPosition?.offset }),
);
subscription.on("unsubscribed", ({ code, reason }) => tell("unsubscribed", { code, reason }));
subscription.on("publication", ({ data, offset }) => tell("publication", { data: read(data), offset }));
subscription.on("join", ({ info }) => tell("join", { user: info.user, info: read(info.connInfo) }));
subscription.on("leave", ({ info }) => tell("leave", { user: info.user, info: read(info.connInfo) }));

const commands = {
  presence: async () => {
    const { clients } = await subscription.presence();
    return Object.values(clients).map(({ user }) => user);
  },
  deltas: async () => subscription.deltaStats().numDeltaPayloads,
  publish: async ({ data }) => {
    await subscription.publish(write(data));
  },
  history: async ({ since, limit }) => {
    const { publications, offset, epoch } = await subscription.history(since ? { since, limit } : { limit });
    return { offsets: publications.map(({ offset }) => offset), offset, epoch };
  },
};

subscription.subscribe();
client.connect();
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { command, ...fields } = JSON.parse(line);
  try {
    tell("answer", { result: (await commands[command](fields)) ?? null });
  } catch ({ code, message }) {
    tell("answer", { error: code, message });
  }
}
client.disconnect();
