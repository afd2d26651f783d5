// Transports that break the rules.
import WebSocket from "ws";

// Drops messages while `isSilent()`.
export const silentSocket = (isSilent) =>
  class extends WebSocket {
    send(data) {
      if (!isSilent()) super.send(data);
    }
  };

// The same for transports that send by requests.
export const silentFetch = (isSilent) => (url, options) =>
  isSilent() && String(url).endsWith("/emulation") ? Promise.resolve(new Response(null, { status: 204 })) : fetch(url, options);

// Opened sockets go into `sockets`, for a test to stop reading or to send anything. Messages are not deflated, so that
// sizes are known.
export const heldSocket = (sockets) =>
  class extends WebSocket {
    constructor(address, protocols, options) {
      super(address, protocols, { ...options, perMessageDeflate: false });
      sockets.push(this);
    }
  };
