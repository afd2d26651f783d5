/** The state of the connection, as a sign in the bar, as a row at the lower edge, and to ears. */

import { plural } from "./plural";

export const label = "Connection";
export const tryNow = "Try now";

const changes = (count: number) => plural(count, "1 change", `${count} changes`);
const kept = (waiting: number) =>
  waiting > 0 ? `${changes(waiting)} will be sent then.` : "Your changes are kept and sent then.";

export const sending = (waiting: number) => `Sending ${waiting}`;
export const sendingLong = (waiting: number) => `Sending ${changes(waiting)}.`;
export const joining = "Joining";
export const joiningLong = "Joining the project.";
export const live = "Live";
export const liveLong = "Live: changes appear as they happen.";
export const connecting = "Connecting";
export const connectingLong = "Connecting.";
export const reconnecting = (seconds: number) => `Reconnecting, ${seconds} s`;
export const reconnectingLong = (seconds: number, waiting: number) =>
  `The connection was lost ${seconds} s ago; reconnecting. ${kept(waiting)}`;
export const offline = (seconds: number) => `Offline, ${seconds} s`;
export const offlineLong = (waiting: number) =>
  `You are offline. What you see may be out of date until the network is back. ${kept(waiting)}`;
export const stopped = "Stopped";
export const stoppedLong = (reason: string) => `The server closed the connection: ${reason}.`;

// A board that this device has kept.
export const keptOf = (time: string) => `Offline: as of ${time}`;
export const keptOfLong = (time: string, waiting: number) =>
  `Offline: as of ${time}, until the server can be reached. ${kept(waiting)}`;
export const onDevice = "On this device";
export const asOf = (time: string) => `as of ${time}`;

// To ears, when it changes.
export const saidLive = "Connected: live.";
export const saidReconnecting = "Connection lost; reconnecting.";
export const saidOffline = "You are offline. Changes are kept and sent when the network is back.";
export const saidStopped = "The server closed the connection.";
export const saidWaiting = (state: string, count: number) => `${state} ${changes(count)} waiting.`;
