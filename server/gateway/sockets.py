"""An accepted WebSocket, handed to its session."""

from collections.abc import Callable
from typing import Protocol

from starlette.websockets import WebSocket

from server.gateway.asgi_transport import AsgiTransport
from server.realtime.transport import Transport
from server.settings import Settings

MAX_UNKNOWN_MESSAGE_BYTES = 64 * 1024
"""The largest message of somebody who has not signed in yet."""


class SocketSession(Protocol):
    def receive(self, data: str | bytes) -> None: ...
    def overflow(self) -> None: ...
    def closed(self) -> None: ...


async def serve(websocket: WebSocket, settings: Settings, begin: Callable[[Transport], SocketSession]) -> None:
    """Begin a session on an accepted socket and feed it until the socket has ended."""
    transport = AsgiTransport(websocket, send_bound=settings.send_buffer_bytes)
    session = begin(transport)
    await transport.run(session.receive, lambda _code: session.closed(), session.overflow)
