// Socket.IO on Node.js: `emit` to everybody.
import { createServer } from "node:http";
import { Server } from "socket.io";
import { WebSocketServer } from "ws";

const http = createServer();
const server = new Server(http, { transports: ["websocket"], destroyUpgrade: false });
const publishers = new WebSocketServer({ noServer: true });

http.on("upgrade", (request, socket, head) => {
  if (!request.url.startsWith("/pub")) return;
  publishers.handleUpgrade(request, socket, head, (publisher) => {
    publisher.on("message", (message) => server.emit("event", JSON.parse(message)));
  });
});
http.listen({ host: "127.0.0.1", port: Number(process.argv[2]), backlog: 2048 });
