/** The versions of a document. */

import { list } from "./common";

export const title = "Versions";
export const close = "Close versions";
export const none = "None yet. They are made in pauses, and before bigger changes.";

export const keepAs = "Keep the present text as";
export const aName = "A name";
export const draftOfName = "Name of a version";
export const keep = "Keep";

// Why one was made.
export const textBy = (names: readonly string[]) => `Text by ${list(names)}`;
export const somebody = "somebody";
export const keptBy = (name: string) => `kept by ${name}`;
export const inPause = "made in a pause";
export const beforePatch = (name: string) => `made before a program's change for ${name}`;
export const beforeRestore = (name: string) => `made before ${name} restored another one`;

// One version, beside another.
export const compareWith = "Compare with";
export const nothing = "Nothing";
export const present = "The present text";
export const presentText = "the present text";
export const named = (name: string) => `“${name}”`;
export const noChange = (from: string, to: string) => `No words have changed from ${from} to ${to}.`;
export const changes = (from: string, to: string) => `Changes from ${from} to ${to}:`;
export const inserted = "inserted";
export const deleted = "deleted";
export const textOfVersion = "Text of this version";
export const whatChanged = "What changed";

export const restore = "Restore this version";
export const restoreQuestion = "Restore this version?";
export const restoreHint = "The document gets this text again, for everybody. The present text is kept as a version.";
export const restored = "The version is back. What was there before is a version, too.";
