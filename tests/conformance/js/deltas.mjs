// Applies deltas with the official JavaScript SDK. Each line of the input is {"base", "data", "wire"}, documents as text;
// each line of the output is the restored document.
import readline from "node:readline";
import { Centrifuge as Json } from "centrifuge";
import { Centrifuge as Protobuf } from "centrifuge/build/protobuf";

const bytes = (text) => new TextEncoder().encode(text);
const text = (data) => new TextDecoder().decode(data);
const formats = {
  json: { codec: new Json("ws://localhost")._codec, base: bytes, data: (delta) => delta },
  protobuf: { codec: new Protobuf("ws://localhost")._codec, base: bytes, data: bytes },
};
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { base, data, wire } = JSON.parse(line);
  const format = formats[wire];
  const { newPrevValue } = format.codec.applyDeltaIfNeeded({ data: format.data(data), delta: true }, format.base(base));
  console.log(JSON.stringify(text(newPrevValue)));
}
