/** What the sign beside a document says about the person's changes, and may say only when it is true. */

import * as common from "../texts/common";
import * as texts from "../texts/saving";

/** What is known about a document's connection, and about this window's changes. */
export interface Facts {
  /** The socket is open and the handshake has begun. */
  isConnected: boolean;
  /** What the server lets this person do on this connection; `none` until it has said so. */
  scope: "none" | "read" | "write";
  /** The server's content has arrived on this connection. */
  isSynced: boolean;
  /** Changes that the server has not confirmed as stored. */
  unsaved: number;
  /** The server has refused a change on this connection. */
  isRefused: boolean;
  /** There is content to show: from the server or from this device. */
  hasContent: boolean;
  /** Changes are kept on this device, too. */
  isKept: boolean;
  /** Why the server has ended the document for good. */
  ending: string | null;
}

export type Saving =
  | { kind: "opening" | "reading" | "saved" | "saving" }
  | { kind: "offline"; isKept: boolean }
  | { kind: "refused"; why: string };

export const NOTHING_KNOWN: Facts = {
  isConnected: false,
  scope: "none",
  isSynced: false,
  unsaved: 0,
  isRefused: false,
  hasContent: false,
  isKept: false,
  ending: null,
};

const WHY: Record<string, string> = {
  "permission-denied": texts.noAccess,
  "document deleted": texts.isInTrash,
  generation: texts.earlierText,
  "sign-in ended": common.signedOut,
  "token expired": common.signedOut,
  "too big": texts.tooBig,
  "bad message": texts.notRead,
};

/** The sign for these facts. Pure. `saved` means that the server has stored every change. */
export function signOf(facts: Facts): Saving {
  if (facts.ending !== null) return { kind: "refused", why: whyEnded(facts.ending) };
  if (!facts.isConnected || facts.scope === "none") {
    return facts.hasContent ? { kind: "offline", isKept: facts.isKept } : { kind: "opening" };
  }
  if (facts.isRefused) return { kind: "refused", why: texts.onlyRead };
  if (facts.scope === "read") return { kind: "reading" };
  return { kind: facts.isSynced && facts.unsaved === 0 ? "saved" : "saving" };
}

export function whyEnded(reason: string): string {
  return WHY[reason] ?? texts.wasClosed;
}

/** What the sign says. */
export function wordsOf(saving: Saving): string {
  switch (saving.kind) {
    case "opening":
      return texts.opening;
    case "reading":
      return texts.reading;
    case "saved":
      return texts.saved;
    case "saving":
      return texts.saving;
    case "offline":
      return saving.isKept ? texts.offlineKept : texts.offline;
    case "refused":
      return texts.refused(saving.why);
  }
}
