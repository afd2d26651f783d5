// The server of y-websocket as it comes: documents are in memory alone.
//
//   node server.mjs PORT
process.env.HOST = "127.0.0.1";
process.env.PORT = process.argv[2];
await import("@y/websocket-server/server");
