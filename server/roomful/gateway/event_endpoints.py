"""The short way in, for who listens to events."""

import re
from collections.abc import Awaitable, Callable
from functools import partial

from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from roomful.gateway.endpoints import client_socket, plain_socket
from roomful.gateway.event_source import stream_events
from roomful.gateway.unidirectional import open_socket
from roomful.web.dependencies import API

Serve = Callable[[WebSocket], Awaitable[None]]

_SOCKETS: dict[str, Serve] = {
    "/connection/websocket": client_socket,
    "/connection/uni_websocket": open_socket,
}
_PLAIN_PATH = re.compile(r"/ws/projects/(?P<project_id>[^/]+)")
_STREAM_PATH = re.compile(rf"{API}/projects/(?P<project_id>[^/]+)/events")


def is_event_socket(scope: Scope) -> bool:
    """Whether a handshake is for one of the sockets here."""
    return scope["type"] == "websocket" and _find(scope) is not None


def is_event_stream(scope: Scope) -> bool:
    """Whether a request is for a project's stream; the same address is a list for who does not ask for a stream."""
    if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].endswith("/events"):
        return False
    accepted = b",".join([value for name, value in scope["headers"] if name == b"accept"])
    return b"text/event-stream" in accepted.lower() and _STREAM_PATH.fullmatch(_path(scope)) is not None


async def event_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application of the event sockets, past the framework's router and all that it does for requests.

    A crowd that comes back asks for nothing else, and that way would be a third of what it costs to open a socket.
    Raises AppError.
    """
    serve = _find(scope)
    assert serve is not None, "is_event_socket() comes first"
    await serve(WebSocket(scope, receive, send))


async def event_stream(scope: Scope, receive: Receive, send: Send) -> None:
    """The same for a project's stream. Raises AppError."""
    match = _STREAM_PATH.fullmatch(_path(scope))
    assert match is not None, "is_event_stream() comes first"
    response = await stream_events(Request(scope, receive), match["project_id"])
    await response(scope, receive, send)


def _find(scope: Scope) -> Serve | None:
    path = _path(scope)
    if (serve := _SOCKETS.get(path)) is not None:
        return serve
    match = _PLAIN_PATH.fullmatch(path)
    return None if match is None else partial(plain_socket, project_id=match["project_id"])


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
