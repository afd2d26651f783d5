// The `ws` library of Node.js: the broadcast of its README.
import { WebSocket, WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: Number(process.argv[2]), backlog: 2048 });
const subscribers = new Set();

server.on("connection", (socket, request) => {
  if (request.url.startsWith("/pub")) {
    socket.on("message", (message) => {
      const text = JSON.stringify(JSON.parse(message));
      for (const subscriber of subscribers) {
        if (subscriber.readyState === WebSocket.OPEN) subscriber.send(text);
      }
    });
    return;
  }
  subscribers.add(socket);
  socket.on("close", () => subscribers.delete(socket));
});
