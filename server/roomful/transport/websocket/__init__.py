"""The server's side of a WebSocket, as a protocol class for uvicorn that keeps no task per open socket."""
