"""The handover of an accepted WebSocket to its session."""

from collections.abc import Callable
from typing import Protocol

from starlette.websockets import WebSocket

from roomful.link.transport import Transport
from roomful.transport.asgi_transport import AsgiTransport
from roomful.transport.websocket.protocol import WebSocketProtocol
from roomful.transport.websocket.scope import EXTENSION

MAX_UNKNOWN_MESSAGE_BYTES = 64 * 1024
"""The largest message before sign-in; the session raises it after."""


class SocketSession(Protocol):
    def receive(self, data: str | bytes) -> None: ...
    def overflow(self) -> None: ...
    def closed(self, code: int, /) -> None: ...


async def serve(
    websocket: WebSocket,
    begin: Callable[[Transport], SocketSession],
    *,
    send_bound: int,
    on_shutdown: Callable[[], None],
) -> None:
    """Begin a session on an accepted socket, which is the session's until it ends.

    More than `send_bound` pending bytes are an overflow. `on_shutdown` is called when the server stops, and must get
    all sessions closed.
    Under our own protocol class this returns at once, and the request is freed. Under another server it returns when
    the socket has ended.
    """
    connection = websocket.scope.get("extensions", {}).get(EXTENSION)
    if isinstance(connection, WebSocketProtocol):
        session = begin(connection)
        connection.detach(
            on_message=session.receive,
            on_close=session.closed,
            on_overflow=session.overflow,
            max_message_bytes=MAX_UNKNOWN_MESSAGE_BYTES,
            send_bound=send_bound,
            on_shutdown=on_shutdown,
        )
        return
    transport = AsgiTransport(websocket, max_message_bytes=MAX_UNKNOWN_MESSAGE_BYTES, send_bound=send_bound)
    session = begin(transport)
    await transport.run(on_message=session.receive, on_close=session.closed, on_overflow=session.overflow)
