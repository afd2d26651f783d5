// Every class of close code: those after which an SDK reconnects, and final ones.
import assert from "node:assert/strict";
import { group } from "../check.mjs";
import { heldSocket, silentFetch, silentSocket } from "../misbehaving.mjs";

export const { checks, check } = group();

// Sent by the test: all codes of the server, and the first and last of each class.
const COMING_BACK = [3000, 3001, 3004, 3005, 3006, 3008, 3009, 3010, 3011, 3012, 3013, 3014, 3499, 4000, 4499];
const FOR_GOOD = [3500, 3501, 3502, 3503, 3504, 3505, 3506, 3507, 3508, 3999, 4500, 4999];

for (const code of COMING_BACK) {
  check(`${code}: the client comes back`, async (bench) => {
    const { notes, id } = await bench.connected();
    await bench.server.control("disconnect", { client: id, code });
    assert.equal((await notes.expect("connecting")).code, code);
    await notes.expect("connected");
  });
}

// This number is no WebSocket close code, but valid in a push.
for (const code of [5000, 2 ** 31]) {
  check(
    `${code}: the client comes back`,
    async (bench) => {
      const { notes, id } = await bench.connected();
      await bench.server.control("disconnect", { client: id, code });
      assert.equal((await notes.expect("connecting")).code, code);
      await notes.expect("connected");
    },
    { only: ["http_stream", "sse"] },
  );
}

for (const code of FOR_GOOD) {
  check(`${code}: it is the end`, async (bench) => {
    const { client, notes, id } = await bench.connected();
    await bench.server.control("disconnect", { client: id, code });
    const { code: told, reason } = await notes.expect("disconnected");
    assert.deepEqual([told, reason, client.state], [code, "as the test wishes", "disconnected"]);
    assert.equal(notes.all("connecting").length, 1);
  });
}

check("a connection that is cut: the client comes back", async (bench) => {
  const { notes, id } = await bench.connected();
  await bench.server.control("drop", { client: id });
  assert.equal((await notes.expect("connecting")).code, 1);
  await notes.expect("connected");
});

check(
  "codes below 3000 are the network's: the client comes back",
  async (bench) => {
    const { notes, id } = await bench.connected();
    await bench.server.control("disconnect", { client: id, code: 1001 });
    assert.equal((await notes.expect("connecting")).code, 1);
    await notes.expect("connected");
  },
  { only: ["websocket"] },
);

check("no pong: closed, and back (3012)", async (bench) => {
  let isSilent = false;
  const options = { websocket: silentSocket(() => isSilent), fetch: silentFetch(() => isSilent) };
  const { notes } = await bench.connected(options);
  isSilent = true;
  assert.equal((await notes.expect("connecting")).code, 3012);
  isSilent = false;
  await notes.expect("connected");
});

check("more commands at once than the server queues: closed, and back (3013)", async (bench) => {
  const { client, notes } = await bench.connected();
  client.startBatching();
  const calls = Array.from({ length: 1_500 }, () => client.rpc("echo", bench.write(0)));
  client.stopBatching();
  await Promise.allSettled(calls);
  assert.equal((await notes.expect("connecting")).code, 3013);
  await notes.expect("connected");
});

check("an unhandled message is final (3508)", async (bench) => {
  const { client, notes } = await bench.connected();
  await client.send(bench.write({ to: "nobody" }));
  assert.equal((await notes.expect("disconnected")).code, 3508);
});

check("one connection too many is final (3504)", async (bench) => {
  for (let number = 0; number < 3; number++) await bench.connected();
  const { client, notes } = bench.client();
  client.connect();
  assert.equal((await notes.expect("disconnected")).code, 3504);
});

check(
  "a reader that takes nothing: cut off, and back with what it missed (3008)",
  async (bench) => {
    const sockets = [];
    const { client, notes } = await bench.connected({ websocket: heldSocket(sockets) });
    const channel = bench.channel();
    const reader = await bench.subscribed(client, channel);
    sockets[0].pause();
    // Linux buffers up to 32 MiB for a client, and the server 4 MiB.
    await bench.server.control("flood", { channel, count: 90, bytes: 600_000 });
    sockets[0].resume();
    assert.equal((await notes.expect("connecting")).code, 3008);
    await notes.expect("connected");
    await bench.server.publish(channel, "and on");
    const offsets = await bench.offsets(reader.notes, 91);
    assert.deepEqual(offsets, Array.from({ length: 91 }, (_, number) => number + 1));
  },
  { only: ["websocket"], alone: true },
);

check(
  "what is no command is the end (3501)",
  async (bench) => {
    const sockets = [];
    const { notes } = await bench.connected({ websocket: heldSocket(sockets) });
    sockets[0].send(bench.wire === "protobuf" ? new Uint8Array([255, 255, 255]) : "no JSON");
    assert.equal((await notes.expect("disconnected")).code, 3501);
  },
  { only: ["websocket"] },
);

check(
  "who never signs in is cut off for good (3502)",
  async (bench) => {
    const { client, notes } = bench.client({ websocket: silentSocket(() => true) });
    client.connect();
    assert.equal((await notes.expect("disconnected")).code, 3502);
  },
  { only: ["websocket"] },
);

check(
  "a message that is too large is the end (1009)",
  async (bench) => {
    const { client, notes } = await bench.connected();
    client.rpc("echo", bench.write("x".repeat(1_100_000))).catch(() => {});
    assert.equal((await notes.expect("disconnected")).code, 3); // the SDK's own number for it
  },
  { only: ["websocket"] },
);

for (const code of [100, 111]) {
  check(`connect answered with ${code}, which is temporary: tried again`, async (bench) => {
    await bench.server.control("refuse", { whom: bench.user, codes: [code, code] });
    const { notes } = await bench.connected();
    assert.deepEqual(notes.all("error").map(({ error }) => error.code), [code, code]);
  });
}

for (const code of [103, 106, 108]) {
  check(`connect answered with ${code}, which is not: it is the end`, async (bench) => {
    await bench.server.control("refuse", { whom: bench.user, codes: [code] });
    const { client, notes } = bench.client();
    client.connect();
    assert.equal((await notes.expect("disconnected")).code, code);
  });
}
