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

// `sockets` gets each that is opened, for a test to stop reading it or to say on it what it likes. What they are sent is
// as large as it looks: it is not deflated.
export const heldSocket = (sockets) =>
  class extends WebSocket {
    constructor(address, protocols, options) {
      super(address, protocols, { ...options, perMessageDeflate: false });
      sockets.push(this);
    }
  };
