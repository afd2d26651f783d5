// The checks of the official JavaScript SDK against the conformance server, over one transport in one format.
//
//   node suite.mjs '{"port": 8000, "transport": "websocket" | "http_stream" | "sse", "wire": "json" | "protobuf"}' [GROUP…]
//
// Prints a line of JSON per check. The exit code is 1 if one has failed.
import { Bench } from "./bench.mjs";

const GROUPS = ["commands", "recovery", "tokens", "closing", "subscribing", "stream"];
const SECONDS = 30;
const AT_ONCE = 8;

const setting = JSON.parse(process.argv[2]);
const groups = process.argv.length > 3 ? process.argv.slice(3) : GROUPS;
const sdk = await import(setting.wire === "protobuf" ? "centrifuge/build/protobuf" : "centrifuge");
// Some checks expect calls that the SDK gives up because the client was closed.
process.on("unhandledRejection", ({ code, stack }) => code === undefined && console.error(stack));

for (const group of groups) {
  const { checks } = await import(`./checks/${group}.mjs`);
  const wanted = Object.entries(checks).filter(([, { only }]) => only?.includes(setting.transport) ?? true);
  const together = wanted.filter(([, { alone }]) => !alone);
  await Promise.all(Array.from({ length: AT_ONCE }, () => work(group, together)));
  await work(group, wanted.filter(([, { alone }]) => alone));
}
process.exit();

// Each check has its own user and channels, so that checks can run in parallel.
async function work(group, waiting) {
  for (let next; (next = waiting.shift()) !== undefined; ) {
    const [name, { run }] = next;
    const failure = await attempt(run);
    console.log(JSON.stringify({ group, name, failure }));
    if (failure !== null) process.exitCode = 1;
  }
}

async function attempt(run) {
  const bench = new Bench(sdk, setting);
  let timer;
  const tooLate = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${SECONDS} s`)), SECONDS * 1000);
  });
  try {
    await Promise.race([run(bench), tooLate]);
    return null;
  } catch (error) {
    return error.stack ?? JSON.stringify(error);
  } finally {
    clearTimeout(timer);
    bench.close();
  }
}
