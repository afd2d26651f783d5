/** The person's account: name, mail, devices. */

export const title = "Account";
export const yourName = "Your name";
export const nameChanged = "Your name was changed.";

export const mail = "Mail";
export const mailChoice = "Send me what I have not read after some time";

export const signIns = "Where you are signed in";
export const signInsHint = "Signing a device out closes its boards at once.";
export const thisDevice = "This device";
export const since = (signedIn: string, active: string) => `Signed in ${signedIn}, last active ${active}`;
export const unknownProgram = "Unknown program";
/** By what a User-Agent calls them; the others are called so. */
export const programs: Record<string, string> = { Edg: "Edge", OPR: "Opera" };
export const systems: Record<string, string> = { "Mac OS X": "macOS", CrOS: "ChromeOS" };
export const programOn = (program: string, system: string) => `${program} on ${system}`;

export const everywhere = "Sign out everywhere";
export const everywhereQuestion = "Sign out everywhere?";
export const everywhereHint = "You will be signed out on every device, this one included.";
export const staysHere = (unsaved: string) => `${unsaved} All of it stays on this device, for you alone.`;
