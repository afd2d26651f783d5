// Volume.
import assert from "node:assert/strict";
import { group } from "../check.mjs";

export const { checks, check } = group();

const PUBLICATIONS = 5_000;
const BATCH = 500;

check("5,000 publications come in order, each once", async (bench) => {
  const channel = bench.channel();
  const writer = await bench.connected();
  const reader = await bench.connected();
  const { subscription } = await bench.subscribed(writer.client, channel);
  const { notes } = await bench.subscribed(reader.client, channel);
  for (let first = 1; first <= PUBLICATIONS; first += BATCH) {
    writer.client.startBatching();
    const sent = Array.from({ length: BATCH }, (_, number) => subscription.publish(bench.write({ number: first + number })));
    writer.client.stopBatching();
    await Promise.all(sent);
  }
  const expected = Array.from({ length: PUBLICATIONS }, (_, number) => number + 1);
  const publications = [];
  while (publications.length < PUBLICATIONS) publications.push(await notes.expect("publication"));
  assert.deepEqual(publications.map(({ offset }) => offset), expected);
  assert.deepEqual(publications.map(({ data }) => bench.read(data).number), expected);
});
