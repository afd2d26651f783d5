// Tokens that are bad, have expired, or expire while they are in use.
import assert from "node:assert/strict";
import { group } from "../check.mjs";

export const { checks, check } = group();

const SOON = 1.5; // seconds

check("connection: a bad token ends it for good (3500)", async (bench) => {
  const { client, notes } = bench.client({ token: "junk" });
  client.connect();
  assert.equal((await notes.expect("disconnected")).code, 3500);
});

check("connection: no token ends it for good (3501)", async (bench) => {
  const { client, notes } = bench.client({ token: "" });
  client.connect();
  assert.equal((await notes.expect("disconnected")).code, 3501);
});

check("connection: an expired token is replaced (109)", async (bench) => {
  const { notes } = await bench.connected({ token: bench.token(-60), getToken: async () => bench.token() });
  const [{ error }] = notes.all("error");
  assert.equal(error.code, 109);
});

check("connection: an expired token without another is final", async (bench) => {
  const { client, notes } = bench.client({ token: bench.token(-60) });
  client.connect();
  assert.equal((await notes.expect("disconnected")).code, 1);
});

check("connection: refreshed in time, without a break", async (bench) => {
  let calls = 0;
  const getToken = async () => {
    calls++;
    return bench.token(calls === 1 ? SOON : 600);
  };
  const { client, notes } = await bench.connected({ token: bench.token(SOON), getToken });
  await eventually(() => calls === 2);
  await client.rpc("echo", bench.write(1));
  assert.equal(notes.all("connecting").length, 1);
});

check("connection: not refreshed within the grace, closed, and back with a new one (3005)", async (bench) => {
  let calls = 0;
  const getToken = () => (calls++ === 0 ? new Promise(() => {}) : Promise.resolve(bench.token()));
  const { notes } = await bench.connected({ token: bench.token(SOON), getToken });
  assert.equal((await notes.expect("connecting")).code, 3005);
  // The SDK asks for a new one once the server has called the old one expired.
  await notes.expect("connected");
});

check("connection: somebody else's token in a refresh ends it for good (3500)", async (bench) => {
  const { notes } = await bench.connected({
    token: bench.token(SOON),
    getToken: async () => bench.token(600, "somebody else"),
  });
  assert.equal((await notes.expect("disconnected")).code, 3500);
});

check("connection: an expired token in a refresh closes, and back with a new one (3005)", async (bench) => {
  let calls = 0;
  const getToken = async () => bench.token(calls++ === 0 ? -60 : 600);
  const { notes } = await bench.connected({ token: bench.token(SOON), getToken });
  assert.equal((await notes.expect("connecting")).code, 3005);
  await notes.expect("connected");
});

check("connection: a refusing getToken is final", async (bench) => {
  const { notes } = await bench.connected({
    token: bench.token(SOON),
    getToken: async () => {
      throw new bench.UnauthorizedError();
    },
  });
  assert.equal((await notes.expect("disconnected")).code, 1);
});

check("subscription: a bad token ends it (103)", async (bench) => {
  const { client } = await bench.connected();
  const { subscription, notes } = bench.subscription(client, bench.channel(), { token: "junk" });
  subscription.subscribe();
  assert.equal((await notes.expect("unsubscribed")).code, 103);
});

check("subscription: another channel's token ends it (103)", async (bench) => {
  const { client } = await bench.connected();
  const options = { token: bench.channelToken("another channel") };
  const { subscription, notes } = bench.subscription(client, bench.channel(), options);
  subscription.subscribe();
  assert.equal((await notes.expect("unsubscribed")).code, 103);
});

check("subscription: an expired token is replaced (109)", async (bench) => {
  const { client } = await bench.connected();
  const channel = bench.channel();
  const { notes } = await bench.subscribed(client, channel, {
    token: bench.channelToken(channel, -60),
    getToken: async () => bench.channelToken(channel),
  });
  assert.equal(notes.all("error")[0].error.code, 109);
});

check("subscription: refreshed in time, without a break", async (bench) => {
  const { client } = await bench.connected();
  const channel = bench.channel();
  let calls = 0;
  const getToken = async () => {
    calls++;
    return bench.channelToken(channel, calls === 1 ? SOON : 600);
  };
  const { notes } = await bench.subscribed(client, channel, { token: bench.channelToken(channel, SOON), getToken });
  await eventually(() => calls === 2);
  await bench.server.publish(channel, 1);
  assert.deepEqual(await bench.offsets(notes, 1), [1]);
  assert.equal(notes.all("subscribing").length, 1);
});

check("subscription: not refreshed within the grace, ended, and back with what it missed (2501)", async (bench) => {
  const { client } = await bench.connected();
  const channel = bench.channel();
  let calls = 0;
  const getToken = () => (calls++ === 0 ? new Promise(() => {}) : Promise.resolve(bench.channelToken(channel)));
  const { notes } = await bench.subscribed(client, channel, { token: bench.channelToken(channel, SOON), getToken });
  assert.equal((await notes.expect("subscribing")).code, 2501);
  const { wasRecovering, recovered } = await notes.expect("subscribed");
  assert.deepEqual([wasRecovering, recovered], [true, true]);
});

check("subscription: a refusing getToken is final", async (bench) => {
  const { client } = await bench.connected();
  const { subscription, notes } = bench.subscription(client, bench.channel(), {
    token: "",
    getToken: async () => {
      throw new bench.UnauthorizedError();
    },
  });
  subscription.subscribe();
  assert.equal((await notes.expect("unsubscribed")).code, 1);
});

async function eventually(isSo, seconds = 8) {
  const deadline = Date.now() + seconds * 1000;
  while (!isSo()) {
    assert.ok(Date.now() < deadline, `not within ${seconds} s: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
