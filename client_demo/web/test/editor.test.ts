import { expect, test } from "vitest";
import * as Y from "yjs";
import { Kept } from "../src/account/kept";
import { complete } from "../src/editor/address_dialog";
import { contentOf, obstacle, textOf } from "../src/editor/content";
import { matchesHost } from "../src/editor/image";
import { matching } from "../src/editor/mentions";
import { TrustedProvider } from "../src/editor/provider";
import { SCHEMA } from "../src/editor/schema";
import { strangersIn, strangersOf } from "../src/editor/strangers";
import { reasonOf } from "../src/editor/versions";
import { ADA, AT, BOB, MemoryStorage, snapshot } from "./samples";

function element(name: string, ...children: (Y.XmlElement | Y.XmlText)[]): Y.XmlElement {
  const made = new Y.XmlElement(name);
  made.insert(0, children);
  return made;
}

function root(...children: (Y.XmlElement | Y.XmlText)[]): Y.XmlFragment {
  const fragment = new Y.Doc().getXmlFragment("default");
  fragment.insert(0, children);
  return fragment;
}

function words(text: string, attributes: Record<string, unknown> = {}): Y.XmlText {
  const made = new Y.XmlText();
  made.insert(0, text, attributes);
  return made;
}

test("nodes and marks that the schema lacks are found at any depth", () => {
  const known = root(element("paragraph", words("x", { bold: {}, link: { href: "https://example.org" } })));
  expect(strangersIn(known, SCHEMA)).toEqual(new Set());
  const strange = root(element("blockquote", element("callout", element("paragraph", words("x", { glow: {} })))));
  expect(strangersIn(strange, SCHEMA)).toEqual(new Set(["callout", "glow"]));
  expect(strangersIn(root(element("paragraph", words("x", { "comment--1tiVU/zO": { id: "1" } }))), SCHEMA)).toEqual(
    new Set(["comment"]),
  );
});

test("what a transaction brings is found before an observer sees it", () => {
  const fragment = root(element("paragraph", words("x")));
  const found: string[][] = [];
  fragment.doc!.on("beforeObserverCalls", (transaction: Y.Transaction) =>
    found.push([...strangersOf(transaction, SCHEMA)]),
  );
  const paragraph = fragment.get(0) as Y.XmlElement;
  (paragraph.get(0) as Y.XmlText).insert(1, "y", {});
  paragraph.insert(1, [element("sticker")]);
  fragment.insert(1, [element("blockquote", element("callout"))]);
  (paragraph.get(0) as Y.XmlText).format(0, 1, { glow: {} });
  expect(found).toEqual([[], ["sticker"], ["callout"], ["glow"]]);
});

test("content that an editor would delete is an obstacle", () => {
  expect(obstacle(root(), SCHEMA)).toBeNull();
  expect(obstacle(root(element("paragraph")), SCHEMA)).toBeNull();
  expect(obstacle(root(element("callout")), SCHEMA)).toMatch(/doesn't know/);
  expect(obstacle(root(element("bulletList")), SCHEMA)).toMatch(/order/);
  const plain = new Y.Doc();
  plain.getText("default").insert(0, "one\ntwo");
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(plain));
  expect(obstacle(copy.getXmlFragment("default"), SCHEMA)).not.toBeNull();
  expect(textOf(contentOf(copy.getXmlFragment("default")))).toBe("one\ntwo");
});

test("the words of a document are a line for each block", () => {
  const item = element("listItem", element("paragraph", words("fuel")));
  expect(textOf(contentOf(root(element("heading", words("Plan")), element("bulletList", item))))).toBe("Plan\nfuel");
});

test.each([
  ["example.org/x", "https://example.org/x"],
  ["http://example.org", "http://example.org/"],
  ["ada@example.org", "mailto:ada@example.org"],
  ["localhost:8000/x", "https://localhost:8000/x"],
  ["javascript:alert(1)", null],
  ["data:text/html,x", null],
  ["", null],
])("the address %j becomes %j", (text, address) => {
  expect(complete(text)).toBe(address);
});

test.each([
  ["https://images.example/a.png", true],
  ["https://images.example:8443/a.png", false],
  ["http://images.example/a.png", false],
  ["https://a.b.cdn.example/a.png", true],
  ["https://cdn.example/a.png", false],
  ["https://evilcdn.example/a.png", false],
  ["https://images.example@evil.example/a.png", false],
])("an image of %j is shown at once: %j", (address, isShown) => {
  expect(matchesHost(new URL(address), ["images.example", "*.cdn.example"])).toBe(isShown);
});

test("people are found by the beginning of any of their names", () => {
  const [ada, bob] = snapshot().members;
  const named = [
    { ...ada!, name: "Ada Lovelace" },
    { ...bob!, name: "Bob Kahn" },
  ];
  expect(matching(named, "lov").map((member) => member.name)).toEqual(["Ada Lovelace"]);
  expect(matching(named, "")).toHaveLength(2);
});

test("unsaved changes of one window are not forgotten because another one has saved its own", () => {
  const storage = new MemoryStorage();
  const listed = new Proxy(storage, { ownKeys: () => keysOf(storage), getOwnPropertyDescriptor: () => PRESENT });
  const kept = new Kept("u", "d", "g", listed);
  kept.write(1);
  kept.write(2);
  kept.erase(1, []);
  expect(kept.notes()).toEqual(["roomful.unsaved.u.d.g.2"]);
  kept.erase(3, kept.notes());
  expect(kept.notes()).toEqual([]);
});

const PRESENT = { enumerable: true, configurable: true };

function keysOf(storage: Storage): string[] {
  return Array.from({ length: storage.length }, (_, index) => storage.key(index)!);
}

test("a frame that refuses a change is recognised", () => {
  const key = [3, 97, 64, 98];
  expect(TrustedProvider.isRefusal(new Uint8Array([...key, 8, 0]))).toBe(true);
  expect(TrustedProvider.isRefusal(new Uint8Array([...key, 8, 1]))).toBe(false);
  expect(TrustedProvider.isRefusal(new Uint8Array([...key, 0, 8, 0]))).toBe(false);
});

test("a version says who had written, and why it was made", () => {
  const members = new Map(snapshot().members.map((member) => [member.user_id, member]));
  const version = { id: "v", label: null, triggered_by: null, bytes: 1, created_at: AT };
  const idle = { ...version, trigger: "idle" as const, changes_by: [ADA, BOB] };
  expect(reasonOf(idle, members)).toBe("Text by Ada and Bob, made in a pause");
  const restored = { ...version, trigger: "restore" as const, changes_by: [], triggered_by: "gone" };
  expect(reasonOf(restored, members)).toBe("Made before a former member restored another one");
});
