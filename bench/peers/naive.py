"""The connection manager of FastAPI's documentation: it sends to each socket in turn, and checks a token."""

import sys

import jwt
import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect, WebSocketException

KEY = "a-key-that-only-the-benchmarks-sign-with"

app = FastAPI()


class ConnectionManager:
    def __init__(self) -> None:
        self.active_connections: list[WebSocket] = []

    async def connect(self, websocket: WebSocket) -> None:
        await websocket.accept()
        self.active_connections.append(websocket)

    def disconnect(self, websocket: WebSocket) -> None:
        self.active_connections.remove(websocket)

    async def broadcast(self, event: object) -> None:
        for connection in self.active_connections:
            await connection.send_json(event)


manager = ConnectionManager()


@app.websocket("/ws")
async def subscribe(websocket: WebSocket, token: str) -> None:
    try:
        jwt.decode(token, KEY, algorithms=["HS256"], audience="roomful", issuer="roomful")
    except jwt.InvalidTokenError:
        raise WebSocketException(1008) from None
    await manager.connect(websocket)
    try:
        while True:
            await websocket.receive_text()
    except WebSocketDisconnect:
        manager.disconnect(websocket)


@app.websocket("/pub")
async def publish(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            await manager.broadcast(await websocket.receive_json())
    except WebSocketDisconnect:
        pass


if __name__ == "__main__":
    # The faster of uvicorn's two WebSocket classes.
    uvicorn.run(app, port=int(sys.argv[1]), ws="websockets-sansio", log_level="warning", access_log=False)
