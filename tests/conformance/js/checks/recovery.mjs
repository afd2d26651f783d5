// Recovery: everything that was missed, or notice that it is unavailable.
import assert from "node:assert/strict";
import { group } from "../check.mjs";

export const { checks, check } = group();

// Drop a client's connection, and let it reconnect only after `meanwhile`.
async function away(bench, { notes, id }, meanwhile) {
  await bench.server.control("refuse", { whom: bench.user, codes: Array(10).fill(100) });
  await bench.server.control("drop", { client: id });
  await notes.expect("connecting");
  await meanwhile();
  await bench.server.control("refuse", { whom: bench.user, codes: [] });
  await notes.expect("connected");
}

check("missed publications come once and in order, then new ones", async (bench) => {
  const channel = bench.channel();
  const ada = await bench.connected();
  const { notes } = await bench.subscribed(ada.client, channel);
  await bench.server.publish(channel, 1);
  await bench.offsets(notes, 1);
  await away(bench, ada, async () => {
    for (const number of [2, 3, 4]) await bench.server.publish(channel, number);
  });
  const { wasRecovering, recovered } = await notes.expect("subscribed");
  assert.deepEqual([wasRecovering, recovered], [true, true]);
  await bench.server.publish(channel, 5);
  assert.deepEqual(await bench.offsets(notes, 4), [2, 3, 4, 5]);
});

check("a client that missed nothing is told so", async (bench) => {
  const channel = bench.channel();
  const ada = await bench.connected();
  const { notes } = await bench.subscribed(ada.client, channel);
  await bench.server.control("drop", { client: ada.id });
  const { wasRecovering, recovered, hasRecoveredPublications } = await notes.expect("subscribed");
  assert.deepEqual([wasRecovering, recovered, hasRecoveredPublications], [true, true, false]);
});

check("ten drops in a row lose nothing and repeat nothing", async (bench) => {
  const channel = bench.channel();
  const { client, notes, id } = await bench.connected();
  const subscription = await bench.subscribed(client, channel);
  let present = id;
  for (let number = 1; number <= 10; number++) {
    await bench.server.publish(channel, number);
    await bench.server.control("drop", { client: present });
    await bench.server.publish(channel, -number);
    present = (await notes.expect("connected")).client;
  }
  const offsets = await bench.offsets(subscription.notes, 20);
  assert.deepEqual(offsets, Array.from({ length: 20 }, (_, number) => number + 1));
});

check("more than the history holds: reported, and not half delivered", async (bench) => {
  const channel = bench.channel("smallhistory");
  const ada = await bench.connected();
  const { notes } = await bench.subscribed(ada.client, channel);
  await away(bench, ada, async () => {
    for (const number of [1, 2, 3]) await bench.server.publish(channel, number);
  });
  const { wasRecovering, recovered, streamPosition } = await notes.expect("subscribed");
  assert.deepEqual([wasRecovering, recovered, streamPosition.offset], [true, false, 3]);
  await bench.server.publish(channel, 4);
  assert.deepEqual(await bench.offsets(notes, 1), [4]);
});

check("another epoch is not recovered from", async (bench) => {
  const channel = bench.channel();
  const { client } = await bench.connected();
  await bench.server.publish(channel, 1);
  const { context } = await bench.subscribed(client, channel, { since: { offset: 0, epoch: "another" } });
  assert.deepEqual([context.wasRecovering, context.recovered, context.streamPosition.offset], [true, false, 1]);
});

check("a first subscribe continues from a given position", async (bench) => {
  const channel = bench.channel();
  const { epoch } = await bench.server.publish(channel, 1);
  await bench.server.publish(channel, 2);
  const { client } = await bench.connected();
  const { context, notes } = await bench.subscribed(client, channel, { since: { offset: 1, epoch } });
  assert.equal(context.recovered, true);
  assert.deepEqual(await bench.offsets(notes, 1), [2]);
});

check("with getState, an unrecoverable position reloads the state (112)", async (bench) => {
  const channel = bench.channel("smallhistory");
  const newest = await bench.server.publish(channel, 1);
  for (const number of [2, 3, 4]) await bench.server.publish(channel, number);
  const { client } = await bench.connected();
  const positions = [{ offset: 1, epoch: newest.epoch }, { offset: 4, epoch: newest.epoch }];
  const { context } = await bench.subscribed(client, channel, { getState: async () => positions.shift() });
  assert.deepEqual([positions.length, context.recovered], [0, true]);
});

check("the server's own subscription recovers too", async (bench) => {
  const ada = await bench.connected();
  const channel = `#${bench.user}`;
  await bench.server.publish(channel, 1);
  await ada.notes.expect("publication");
  await away(bench, ada, () => bench.server.publish(channel, 2));
  const [, again] = ada.notes.all("subscribed");
  assert.deepEqual([again.wasRecovering, again.recovered], [true, true]);
  assert.deepEqual(await bench.offsets(ada.notes, 1), [2]);
});

check("a history lost while subscribed: subscribed again, not recovered (2500)", async (bench) => {
  const channel = bench.channel();
  const { client } = await bench.connected();
  const { notes } = await bench.subscribed(client, channel);
  await bench.server.publish(channel, 1);
  await bench.offsets(notes, 1);
  await bench.server.control("forget", { channel });
  await bench.server.publish(channel, "of another history");
  assert.equal((await notes.expect("subscribing")).code, 2500);
  const { wasRecovering, recovered, streamPosition } = await notes.expect("subscribed");
  assert.deepEqual([wasRecovering, recovered], [true, false]);
  // The server may notice by itself before that publication; either way, later publications are continuous.
  const { offset } = streamPosition;
  await bench.server.publish(channel, "and on");
  assert.deepEqual(await bench.offsets(notes, 2 - offset), [1, 2].slice(offset));
});

check("a lost history of the server's own subscription reconnects the client (3010)", async (bench) => {
  const { notes } = await bench.connected();
  const channel = `#${bench.user}`;
  await bench.server.publish(channel, 1);
  await notes.expect("publication");
  await bench.server.control("forget", { channel });
  await bench.server.publish(channel, "of another history");
  assert.equal((await notes.expect("connecting")).code, 3010);
  await notes.expect("connected");
});
