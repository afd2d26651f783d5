// Every class of subscription error, and every way in which the server ends a subscription.
import assert from "node:assert/strict";
import { group } from "../check.mjs";

export const { checks, check } = group();

for (const code of [102, 103, 104, 105, 106, 107, 108, 110]) {
  check(`subscribe answered with ${code}: it is the end`, async (bench) => {
    const channel = bench.channel();
    await bench.server.control("refuse", { whom: channel, codes: [code] });
    const { client } = await bench.connected();
    const { subscription, notes } = bench.subscription(client, channel);
    subscription.subscribe();
    assert.equal((await notes.expect("unsubscribed")).code, code);
    assert.equal(subscription.state, "unsubscribed");
  });
}

for (const code of [100, 111]) {
  check(`subscribe answered with ${code}, which is temporary: tried again`, async (bench) => {
    const channel = bench.channel();
    await bench.server.control("refuse", { whom: channel, codes: [code, code] });
    const { client } = await bench.connected();
    const { notes } = await bench.subscribed(client, channel);
    assert.deepEqual(notes.all("error").map(({ error }) => error.code), [code, code]);
  });
}

check("a channel of an unknown namespace (102)", (bench) => refused(bench, bench.channel("nowhere"), 102));

check("a name that is too long (107)", (bench) => refused(bench, "x".repeat(256), 107));

check("an unknown kind of subscription (108)", async (bench) => {
  const { client } = await bench.connected();
  const subscription = client.newMapSubscription(bench.channel(), {});
  const ended = new Promise((resolve) => subscription.on("unsubscribed", resolve));
  subscription.subscribe();
  assert.equal((await ended).code, 108);
});

check("one channel more than a connection may have (106)", async (bench) => {
  const { client } = await bench.connected();
  // The server-side subscription is one of the 128.
  const all = Array.from({ length: 128 }, () => bench.subscription(client, bench.channel()));
  for (const { subscription } of all) subscription.subscribe();
  const last = all.pop();
  assert.equal((await last.notes.expect("unsubscribed")).code, 106);
  for (const { notes } of all) await notes.expect("subscribed");
});

for (const code of [2000, 2001, 2499]) {
  check(`ended by the server with ${code}: it is the end`, async (bench) => {
    const { subscription, notes, channel, client } = await ended(bench, code);
    assert.equal((await notes.expect("unsubscribed")).code, code);
    await client.rpc("echo", bench.write(null));
    await bench.server.publish(channel, "unheard");
    assert.equal(subscription.state, "unsubscribed");
  });
}

for (const code of [2500, 2501, 2999]) {
  check(`ended by the server with ${code}: subscribed again, with what it missed`, async (bench) => {
    const { notes, channel } = await ended(bench, code);
    assert.equal((await notes.expect("subscribing")).code, code);
    const { wasRecovering, recovered } = await notes.expect("subscribed");
    assert.deepEqual([wasRecovering, recovered], [true, true]);
    await bench.server.publish(channel, "heard");
    assert.deepEqual(await bench.offsets(notes, 1), [2]);
  });
}

check("state invalidated (2502): subscribed again, with a new token and without a position", async (bench) => {
  let calls = 0;
  const { notes } = await ended(bench, 2502, (channel) => ({
    getToken: async () => {
      calls++;
      return bench.channelToken(channel);
    },
  }));
  assert.equal((await notes.expect("subscribing")).code, 2502);
  const { wasRecovering, recovered } = await notes.expect("subscribed");
  assert.deepEqual([wasRecovering, recovered, calls], [true, false, 1]);
});

async function refused(bench, channel, code) {
  const { client } = await bench.connected();
  const { subscription, notes } = bench.subscription(client, channel);
  subscription.subscribe();
  assert.equal((await notes.expect("unsubscribed")).code, code);
}

// A subscription that the server ends after one publication.
async function ended(bench, code, options = () => ({})) {
  const channel = bench.channel();
  const { client, id } = await bench.connected();
  const { subscription, notes } = await bench.subscribed(client, channel, options(channel));
  await bench.server.publish(channel, 1);
  await bench.offsets(notes, 1);
  await bench.server.control("unsubscribe", { client: id, channel, code });
  return { subscription, notes, channel, client };
}
