"""The way in for the event sockets."""

import re
from collections.abc import Awaitable, Callable
from functools import partial

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from server.gateway.endpoints import client_socket, plain_socket
from server.gateway.unidirectional import open_socket

Serve = Callable[[WebSocket], Awaitable[None]]

_SOCKETS: dict[str, Serve] = {
    "/connection/websocket": client_socket,
    "/connection/uni_websocket": open_socket,
}
_PLAIN_PATH = re.compile(r"/ws/projects/(?P<project_id>[^/]+)")


def is_event_socket(scope: Scope) -> bool:
    """Whether a handshake is for one of the sockets here."""
    return scope["type"] == "websocket" and _find(scope) is not None


async def event_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application of the event sockets, past the framework's router and all that it does for requests.

    A crowd that comes back asks for nothing else, and that way would be a third of what it costs to open a socket.
    Raises AppError.
    """
    serve = _find(scope)
    assert serve is not None, "is_event_socket() comes first"
    await serve(WebSocket(scope, receive, send))


def _find(scope: Scope) -> Serve | None:
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    if (serve := _SOCKETS.get(path)) is not None:
        return serve
    match = _PLAIN_PATH.fullmatch(path)
    return None if match is None else partial(plain_socket, project_id=match["project_id"])
