"""Event sockets and streams, past the framework's router."""

import re
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketState

from roomful.gateway.documents.endpoints import hocuspocus_socket, yjs_socket
from roomful.gateway.endpoints import client_socket, plain_socket
from roomful.gateway.event_source import stream_events
from roomful.gateway.unidirectional import open_socket
from roomful.web.dependencies import API

Serve = Callable[[WebSocket], Awaitable[None]]

_SOCKETS: dict[str, Serve] = {
    "/connection/websocket": client_socket,
    "/connection/uni_websocket": open_socket,
    "/hocuspocus": hocuspocus_socket,
}
_YJS_PATH = re.compile(r"/yjs/(?P<document_id>[^/]+)")
_PLAIN_PATH = re.compile(r"/ws/projects/(?P<project_id>[^/]+)")
_STREAM_PATH = re.compile(rf"{API}/projects/(?P<project_id>[^/]+)/events")


def is_event_socket(scope: Scope) -> bool:
    """Whether a handshake is for one of the sockets here."""
    return scope["type"] == "websocket" and _find(scope) is not None


def is_event_stream(scope: Scope) -> bool:
    """Whether a request is for a project's event stream; without the Accept header its address is a list."""
    if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].endswith("/events"):
        return False
    accepted = b",".join([value for name, value in scope["headers"] if name == b"accept"])
    return b"text/event-stream" in accepted.lower() and _STREAM_PATH.fullmatch(_path(scope)) is not None


async def event_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application of the event sockets, past the framework's router and all that it does for requests.

    Clients that reconnect together ask for nothing else, and the framework would be a third of the cost of a socket.
    Raises AppError.
    """
    serve = _find(scope)
    assert serve is not None, "is_event_socket() comes first"
    await serve(_Handshake(scope, receive, send))


async def event_stream(scope: Scope, receive: Receive, send: Send) -> None:
    """The same for a project's stream. Raises AppError."""
    match = _STREAM_PATH.fullmatch(_path(scope))
    assert match is not None, "is_event_stream() comes first"
    response = await stream_events(Request(scope, receive), match["project_id"])
    await response(scope, receive, send)


class _Handshake(WebSocket):
    """A handshake that its endpoint accepts once, first of all: the framework would check each step."""

    async def accept(
        self, subprotocol: str | None = None, headers: Iterable[tuple[bytes, bytes]] | None = None
    ) -> None:
        await self._receive()  # websocket.connect
        self.client_state = self.application_state = WebSocketState.CONNECTED
        await self._send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": headers or ()})


def _find(scope: Scope) -> Serve | None:
    path = _path(scope)
    if (serve := _SOCKETS.get(path)) is not None:
        return serve
    if (match := _PLAIN_PATH.fullmatch(path)) is not None:
        return partial(plain_socket, project_id=match["project_id"])
    if (match := _YJS_PATH.fullmatch(path)) is not None:
        return partial(yjs_socket, document_id=match["document_id"])
    return None


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
