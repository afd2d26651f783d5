/** Whether a document is saved, and why not. */

export const opening = "Opening…";
export const reading = "Read only";
export const saved = "Saved";
export const saving = "Saving…";
export const offline = "Offline";
export const offlineKept = "Offline, kept on this device";
export const refused = (why: string) => `Can't be saved: ${why}`;

export const onlyRead = "You can only read this document.";
export const noAccess = "You no longer have access to this document.";
export const isInTrash = "This document is in the trash.";
export const earlierText = "The server was restored from a backup, and has an earlier text.";
export const tooBig = "The document has reached its largest size.";
export const notRead = "The server could not read the last change.";
export const wasClosed = "The server has closed this document.";

// A text that the server lacks.
export const neverSent = "These changes never reached the server.";
export const lostByServer = "The server was restored from a backup, and lacks some of this.";
export const trashedOrHidden = "It was moved to the trash, or isn't shared with you.";
export const newer = "Parts of it were made with something this version doesn't know.";
export const disordered = "Parts of it are in an order that the editor doesn't know.";
