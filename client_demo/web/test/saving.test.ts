import { expect, test } from "vitest";
import { type Facts, NOTHING_KNOWN, signOf, wordsOf } from "../src/state/saving";

const STORED: Facts = {
  ...NOTHING_KNOWN,
  isConnected: true,
  scope: "write",
  isSynced: true,
  hasContent: true,
  isKept: true,
};

function words(changes: Partial<Facts>): string {
  return wordsOf(signOf({ ...STORED, ...changes }));
}

test("saved is said only when connected, allowed, synced, and everything is confirmed", () => {
  expect(words({})).toBe("Saved");
  expect(words({ unsaved: 1 })).toBe("Saving…");
  expect(words({ isSynced: false })).toBe("Saving…");
  expect(words({ scope: "none" })).toBe("Offline, kept on this device");
  expect(words({ isConnected: false })).toBe("Offline, kept on this device");
  expect(words({ isRefused: true })).toBe("Can't be saved: You can only read this document.");
  expect(words({ ending: "document deleted" })).toBe("Can't be saved: This document is in the trash.");
});

test("a copy on this device is claimed only where there is one", () => {
  expect(words({ isConnected: false, isKept: false })).toBe("Offline");
  expect(wordsOf(signOf(NOTHING_KNOWN))).toBe("Opening…");
});

test("a reader sees nothing about saving, unless a change of theirs was refused", () => {
  expect(words({ scope: "read", unsaved: 1 })).toBe("Read only");
  expect(words({ scope: "read", isRefused: true })).toMatch(/^Can't be saved/);
});
