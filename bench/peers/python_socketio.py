"""python-socketio on uvicorn: `emit` to everybody."""

import sys

import socketio
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

server = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*", transports=["websocket"])


async def publish(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            await server.emit("event", await websocket.receive_json())
    except WebSocketDisconnect:
        pass


app = socketio.ASGIApp(server, Starlette(routes=[WebSocketRoute("/pub", publish)]))

if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), ws="websockets-sansio", log_level="warning", access_log=False)
