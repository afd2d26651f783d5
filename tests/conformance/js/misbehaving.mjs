// Transports that do what a client must not.
import WebSocket from "ws";

// Says nothing as long as `isSilent()`; what is said then is lost.
export const silentSocket = (isSilent) =>
  class extends WebSocket {
    send(data) {
      if (!isSilent()) super.send(data);
    }
  };

// The same for the transports that speak by requests.
export const silentFetch = (isSilent) => (url, options) =>
  isSilent() && String(url).endsWith("/emulation") ? Promise.resolve(new Response(null, { status: 204 })) : fetch(url, options);

// `sockets` gets each that is opened, for a test to stop reading it or to say on it what it likes.
export const heldSocket = (sockets) =>
  class extends WebSocket {
    constructor(...parameters) {
      super(...parameters);
      sockets.push(this);
    }
  };
