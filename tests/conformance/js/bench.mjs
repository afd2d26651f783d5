// The tools of a check: clients of the official SDK over one transport and format, and their server.
import { randomUUID } from "node:crypto";
import { EventSource } from "eventsource";
import WebSocket from "ws";
import { sign } from "./jwt.mjs";
import { Notes } from "./notes.mjs";
import { Server } from "./server.mjs";

const CLIENT_NOTES = ["connecting", "connected", "disconnected", "error", "subscribed", "unsubscribed", "publication"];
const SUBSCRIPTION_NOTES = ["subscribing", "subscribed", "unsubscribed", "publication", "join", "leave", "error"];

// Each check has its own user and channels, so that checks don't affect each other.
export class Bench {
  #sdk;
  #clients = [];

  constructor(sdk, { port, transport, wire }) {
    this.#sdk = sdk;
    this.server = new Server(port);
    this.transport = transport;
    this.wire = wire;
    this.user = randomUUID();
    this.UnauthorizedError = sdk.UnauthorizedError;
  }

  channel(namespace) {
    return namespace ? `${namespace}:${randomUUID()}` : randomUUID();
  }

  token(seconds, user = this.user) {
    return sign({ sub: user }, seconds);
  }

  channelToken(channel, seconds) {
    return sign({ sub: this.user, channel }, seconds);
  }

  // A client that is not connected yet, and notes of its events.
  client(options = {}) {
    const { address } = this.server;
    const endpoints = [
      { transport: "websocket", endpoint: `ws://${address}/connection/websocket` },
      { transport: "http_stream", endpoint: `http://${address}/connection/http_stream` },
      { transport: "sse", endpoint: `http://${address}/connection/sse` },
    ];
    const client = new this.#sdk.Centrifuge(
      endpoints.filter(({ transport }) => transport === this.transport),
      {
        websocket: WebSocket,
        eventsource: EventSource,
        emulationEndpoint: `http://${address}/emulation`,
        token: this.token(),
        minReconnectDelay: 50,
        maxReconnectDelay: 200,
        ...options,
      },
    );
    this.#clients.push(client);
    return { client, notes: new Notes(client, CLIENT_NOTES) };
  }

  async connected(options) {
    const made = this.client(options);
    made.client.connect();
    const { client: id } = await made.notes.expect("connected");
    return { ...made, id };
  }

  // A subscription that has not started yet, and notes of its events.
  subscription(client, channel, options = {}) {
    const subscription = client.newSubscription(channel, {
      token: this.channelToken(channel),
      minResubscribeDelay: 50,
      maxResubscribeDelay: 200,
      ...options,
    });
    return { subscription, notes: new Notes(subscription, SUBSCRIPTION_NOTES) };
  }

  async subscribed(client, channel, options) {
    const made = this.subscription(client, channel, options);
    made.subscription.subscribe();
    return { ...made, context: await made.notes.expect("subscribed") };
  }

  // With protobuf the SDK accepts and returns publications as bytes.
  write(value) {
    return this.wire === "protobuf" ? new TextEncoder().encode(JSON.stringify(value)) : value;
  }

  read(data) {
    return data instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(data)) : data;
  }

  async offsets(notes, count) {
    const offsets = [];
    while (offsets.length < count) offsets.push((await notes.expect("publication")).offset);
    return offsets;
  }

  close() {
    for (const client of this.#clients) client.disconnect();
  }
}
