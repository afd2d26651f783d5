// A trace of concurrent editing, drawn from a seed: in each turn every window makes some changes that no other has seen
// yet, then all are waited for. Its end is known without any server.
import * as Y from "yjs";

const WORDS = ["to ", "be ", "or ", "not ", "é€😀 ", "x", "\n"];
const SECONDS = 20;

// The end that was reached, and the one that the same changes have among documents that exchange them directly.
export async function playTrace(windows, seed, turns) {
  const random = numbersFrom(seed);
  const replicas = windows.map(({ doc }) => copyOf(doc));
  let changes = 0;
  for (let turn = 0; turn < turns; turn++) {
    const marks = replicas.map((doc) => Y.encodeStateVector(doc));
    windows.forEach(({ place }, number) => {
      for (let left = 1 + Math.floor(random() * 6); left > 0; left--, changes++) {
        change([place, textOf(replicas[number])], random);
      }
    });
    const made = replicas.map((doc, number) => Y.encodeStateAsUpdate(doc, marks[number]));
    replicas.forEach((doc) => made.forEach((update) => Y.applyUpdate(doc, update)));
    const end = textOf(replicas[0]).toString();
    // At times one goes on alone, and comes back with what it made.
    const absent = random() < 0.15 ? windows[Math.floor(random() * windows.length)] : null;
    absent?.record.socket.terminate();
    await until(() => windows.every(({ place }) => place.toString() === end));
  }
  return { changes, texts: windows.map(({ place }) => place.toString()), end: textOf(replicas[0]).toString() };
}

// The same change to a window's text and to its replica's.
function change(texts, random) {
  const written = texts[0].toString();
  const at = between(written, Math.floor(random() * (written.length + 1)));
  if (at < written.length && random() < 0.3) {
    const end = between(written, Math.min(written.length, at + 1 + Math.floor(random() * 8)));
    if (end > at) texts.forEach((text) => text.delete(at, end - at));
  } else {
    const word = WORDS[Math.floor(random() * WORDS.length)];
    texts.forEach((text) => text.insert(at, word));
  }
}

// A place that parts no surrogate pair, as no editor does.
function between(written, at) {
  return at > 0 && /[\uD800-\uDBFF]/.test(written[at - 1]) ? at - 1 : at;
}

function copyOf(doc) {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  copy.clientID = doc.clientID; // afterwards: Yjs takes another where changes of its own come in from outside
  return copy;
}

const textOf = (doc) => doc.getXmlFragment("default").get(0).get(0);

async function until(isSo) {
  for (const deadline = Date.now() + SECONDS * 1000; !isSo(); ) {
    if (Date.now() > deadline) throw new Error(`the windows are not level within ${SECONDS} s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

// mulberry32: small, and the same everywhere.
function numbersFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
