// Applies patches by the official JavaScript SDK: what it reads, a JSON object a line, is {"base", "data", "wire"}, all
// documents as text; what it makes of each pair is told on a line.
import readline from "node:readline";
import { Centrifuge as Json } from "centrifuge";
import { Centrifuge as Protobuf } from "centrifuge/build/protobuf";

const bytes = (text) => new TextEncoder().encode(text);
const text = (data) => new TextDecoder().decode(data);
const ways = {
  json: { codec: new Json("ws://localhost")._codec, base: bytes, data: (patch) => patch },
  protobuf: { codec: new Protobuf("ws://localhost")._codec, base: bytes, data: bytes },
};
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { base, data, wire } = JSON.parse(line);
  const way = ways[wire];
  const { newPrevValue } = way.codec.applyDeltaIfNeeded({ data: way.data(data), delta: true }, way.base(base));
  console.log(JSON.stringify(text(newPrevValue)));
}
