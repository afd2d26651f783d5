// A client's commands, and pushes from others.
import assert from "node:assert/strict";
import { group } from "../check.mjs";

export const { checks, check } = group();

check("publish reaches every subscriber, the publisher too", async (bench) => {
  const channel = bench.channel();
  const ada = await bench.connected();
  const bob = await bench.connected();
  const mine = await bench.subscribed(ada.client, channel);
  const theirs = await bench.subscribed(bob.client, channel);
  const data = { text: "Zähl rückwärts 🚀", list: [1, 2.5, null, true], nested: { "": {} } };
  await mine.subscription.publish(bench.write(data));
  for (const { notes } of [mine, theirs]) {
    const publication = await notes.expect("publication");
    assert.deepEqual(bench.read(publication.data), data);
    assert.deepEqual([publication.offset, publication.info.user, publication.info.client], [1, bench.user, ada.id]);
  }
});

check("the server's publications have no publisher", async (bench) => {
  const channel = bench.channel();
  const { client } = await bench.connected();
  const { notes } = await bench.subscribed(client, channel);
  await bench.server.publish(channel, { from: "the server" });
  const publication = await notes.expect("publication");
  assert.deepEqual(bench.read(publication.data), { from: "the server" });
  assert.equal(publication.info, undefined);
});

check("history: position, pages on and back, a wrong epoch", async (bench) => {
  const channel = bench.channel();
  const { client } = await bench.connected();
  const { subscription } = await bench.subscribed(client, channel);
  for (let number = 1; number <= 5; number++) await bench.server.publish(channel, number);
  const numbers = ({ publications }) => publications.map(({ data }) => bench.read(data));

  const position = await subscription.history({ limit: 0 });
  assert.deepEqual([position.offset, numbers(position)], [5, []]);
  const since = { offset: 2, epoch: position.epoch };
  assert.deepEqual(numbers(await subscription.history({ limit: 2, since })), [3, 4]);
  assert.deepEqual(numbers(await subscription.history({ limit: 2 })), [1, 2]);
  assert.deepEqual(numbers(await subscription.history({ limit: 2, reverse: true })), [5, 4]);
  assert.deepEqual(numbers(await subscription.history({ limit: -1 })), [1, 2, 3, 4, 5]);
  await assert.rejects(subscription.history({ limit: 2, since: { offset: 2, epoch: "another" } }), { code: 112 });
});

check("presence, presence stats, joins and leaves", async (bench) => {
  const channel = bench.channel();
  const ada = await bench.connected();
  const { subscription, notes } = await bench.subscribed(ada.client, channel, { joinLeave: true });
  const bob = await bench.connected();
  const theirs = await bench.subscribed(bob.client, channel);
  while ((await notes.expect("join")).info.client !== bob.id);

  const { clients } = await subscription.presence();
  assert.deepEqual(Object.keys(clients).sort(), [ada.id, bob.id].sort());
  assert.deepEqual(await subscription.presenceStats(), { numClients: 2, numUsers: 1 });
  theirs.subscription.unsubscribe();
  assert.equal((await notes.expect("leave")).info.client, bob.id);
  assert.equal((await subscription.presenceStats()).numClients, 1);
});

check("a remote procedure answers; an unknown one is an error", async (bench) => {
  const { client } = await bench.connected();
  const { data } = await client.rpc("echo", bench.write({ a: [1] }));
  assert.deepEqual(bench.read(data), { a: [1] });
  await assert.rejects(client.rpc("no such procedure", bench.write({})), { code: 108 });
});

check("a batch of a hundred commands has a hundred replies", async (bench) => {
  const { client } = await bench.connected();
  client.startBatching();
  const calls = Array.from({ length: 100 }, (_, number) => client.rpc("echo", bench.write(number)));
  client.stopBatching();
  const replies = await Promise.all(calls);
  assert.deepEqual(replies.map(({ data }) => bench.read(data)), [...Array(100).keys()]);
});

check("subscribes that are sent with the connect are answered", async (bench) => {
  const { client, notes } = bench.client();
  const subscriptions = Array.from({ length: 20 }, () => bench.subscription(client, bench.channel()));
  for (const { subscription } of subscriptions) subscription.subscribe();
  client.connect();
  await notes.expect("connected");
  for (const each of subscriptions) assert.equal((await each.notes.expect("subscribed")).recoverable, true);
});

check("an unsubscribed channel is silent; subscribed again it catches up", async (bench) => {
  const channel = bench.channel();
  const { client } = await bench.connected();
  const { subscription, notes } = await bench.subscribed(client, channel);
  subscription.unsubscribe();
  await notes.expect("unsubscribed");
  await client.rpc("echo", bench.write(null)); // commands are answered in order: by now the server knows
  await bench.server.publish(channel, 1);
  await client.rpc("echo", bench.write(null));
  assert.equal(notes.all("publication").length, 0);
  subscription.subscribe();
  await notes.expect("subscribed");
  await bench.server.publish(channel, 2);
  assert.deepEqual(await bench.offsets(notes, 2), [1, 2]);
});

check("the server's own subscription is there from the connect on", async (bench) => {
  const { client, notes } = bench.client();
  client.connect();
  const { channel, recoverable } = await notes.expect("subscribed");
  assert.deepEqual([channel, recoverable], [`#${bench.user}`, true]);
  await bench.server.publish(channel, { to: "you" });
  const publication = await notes.expect("publication");
  assert.deepEqual([publication.channel, bench.read(publication.data)], [channel, { to: "you" }]);
});
