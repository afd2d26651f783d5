"""The conversation of one WebSocket with the ASGI application (ASGI 3, WebSocket 2.4)."""

import asyncio
import logging
from collections import deque
from enum import Enum
from typing import Any, NamedTuple, Protocol, Self
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Scope
from starlette.websockets import WebSocketDisconnect
from uvicorn.config import Config
from uvicorn.protocols.utils import ClientDisconnected, is_ssl
from uvicorn.server import ServerState

from roomful.errors import AppError, Forbidden
from roomful.transport.websocket import http_upgrade
from roomful.transport.websocket.frames import BINARY, INTERNAL_ERROR, NORMAL, TEXT
from roomful.transport.websocket.http_upgrade import Headers, Upgrade
from roomful.transport.websocket.keepalive import Keepalive

logger = logging.getLogger(__name__)

EXTENSION = "roomful.socket"
"""The key under which the scope's extensions hold the connection, to be detached."""

MAX_WAITING_MESSAGES = 16
"""For an application that doesn't call receive: beyond it nothing more is read from the peer."""


class Addresses(NamedTuple):
    """Of a connection, as the scope has them: this end's address, the other's, and whether TLS is between."""

    server: tuple[str, int | None] | None
    client: tuple[str, int] | None
    is_secure: bool

    @classmethod
    def of(cls, transport: asyncio.Transport) -> Self:
        peer = transport.get_extra_info("peername")
        client = (str(peer[0]), int(peer[1])) if isinstance(peer, tuple) else None
        return cls(_address(transport.get_extra_info("sockname")), client, is_ssl(transport))


def _address(name: object) -> tuple[str, int | None] | None:
    """As ASGI wants it: host and port, or the path of a Unix socket."""
    if isinstance(name, tuple):
        return str(name[0]), int(name[1])
    return (name, None) if name and isinstance(name, str) else None


class State(Enum):
    HANDSHAKE = "handshake"
    OPEN = "open"
    CLOSING = "closing"
    """A close frame or a refusal has been sent: what still comes is read and dropped."""
    CLOSED = "closed"
    """The descriptor is gone."""


class Socket(Protocol):
    """What the conversation asks of the connection below it."""

    @property
    def state(self) -> State: ...
    def accept(self, headers: Headers) -> None: ...
    def refuse(self, error: AppError) -> None: ...
    def deny(self, response: bytes) -> None: ...
    def send(self, opcode: int, payload: bytes) -> None: ...
    def close(self, code: int, reason: str) -> None: ...
    def ping(self) -> bool: ...
    def heard(self) -> bool: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class AsgiCycle:
    """Lasts from the handshake until the application has returned, which is soon for one that detaches the socket."""

    def __init__(self, socket: Socket, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        self._socket = socket
        self._config = config
        self._server_state = server_state
        self._app_state = app_state
        self._extension: str | None = None
        self._events: deque[Message] = deque([{"type": "websocket.connect"}])
        self._arrived = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._disconnect: Message | None = None
        self._denial: tuple[int, Headers, bytearray] | None = None
        self._task: asyncio.Task[None] | None = None
        self._has_answered = False
        self._is_receiving = False
        self._has_closed = False
        self._detached = False
        self._keepalive: Keepalive | None = None
        self.close_reason = ""

    @property
    def max_message_bytes(self) -> int:
        return self._config.ws_max_size

    # From the connection

    def begin(
        self, upgrade: Upgrade, addresses: Addresses, extension: str | None, loop: asyncio.AbstractEventLoop
    ) -> None:
        """Run the application for this handshake; uvicorn's shutdown waits for its task."""
        self._extension = extension
        task = loop.create_task(self._run(self._config.loaded_app, self._scope(upgrade, addresses)))
        self._server_state.tasks.add(task)
        task.add_done_callback(self._server_state.tasks.discard)
        self._task = task

    def on_message(self, data: str | bytes) -> None:
        kind = "text" if isinstance(data, str) else "bytes"
        self._events.append({"type": "websocket.receive", kind: data})
        self._arrived.set()
        if len(self._events) >= MAX_WAITING_MESSAGES:
            self._socket.pause_reading()

    def on_close(self, code: int) -> None:
        self._disconnect = {"type": "websocket.disconnect", "code": code, "reason": self.close_reason}
        if self._task is not None and not (self._has_answered or self._is_receiving):
            # Nobody waits for its answer: in a crowd, others need what it would ask of the database.
            self._task.cancel()
        self._arrived.set()
        self._writable.set()  # a transport that is lost while paused is never resumed
        self._stop_keepalive()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def detach(self) -> list[str | bytes]:
        """End it from the connection's side; the messages that the application has not taken."""
        self._detached = True
        self._stop_keepalive()
        events = [event for event in self._events if event["type"] == "websocket.receive"]
        self._events.clear()
        return [event["text"] if "text" in event else event["bytes"] for event in events]

    # From the application

    async def _run(self, app: ASGIApp, scope: Scope) -> None:
        try:
            await app(scope, self._receive, self._send)
        except asyncio.CancelledError:
            if self._disconnect is None or self._has_answered:
                raise  # not ours: the server stops
            logger.debug("the client left before it was answered")
        except (ClientDisconnected, WebSocketDisconnect):
            self._end(NORMAL)  # it let the news of the end pass through: no fault
        except Exception:
            logger.exception("a WebSocket application failed")
            self._end(INTERNAL_ERROR)
        else:
            if self._socket.state is State.HANDSHAKE:
                logger.error("a WebSocket application returned without an answer to the handshake")
            if not self._detached:
                self._end(NORMAL)
        finally:
            self._stop_keepalive()

    def _end(self, code: int) -> None:
        if self._socket.state is State.HANDSHAKE:
            self._socket.refuse(AppError())
        self._socket.close(code, "")

    async def _receive(self) -> Message:
        while not self._events:
            if self._disconnect is not None:
                return self._disconnect
            self._arrived.clear()
            self._is_receiving = True
            await self._arrived.wait()
            self._is_receiving = False
        event = self._events.popleft()
        if not self._events:
            self._socket.resume_reading()
        return event

    async def _send(self, message: Message) -> None:
        await self._writable.wait()
        match self._socket.state:
            case State.HANDSHAKE:
                self._answer_handshake(message)
            case State.OPEN:
                self._send_or_close(message)
            case _ if self._has_closed:
                raise RuntimeError(f"{message['type']!r} after the application has closed the WebSocket")
            case _:
                raise ClientDisconnected

    def _answer_handshake(self, message: Message) -> None:
        headers = list(message.get("headers", []))
        self._has_answered = True
        match message["type"]:
            case "websocket.accept" if self._denial is None:
                self._accept(headers, message.get("subprotocol"))
            case "websocket.close" if self._denial is None:
                self._has_closed = True
                self._socket.refuse(Forbidden())
            case "websocket.http.response.start" if self._denial is None:
                self._denial = (message["status"], [*self._server_state.default_headers, *headers], bytearray())
            case "websocket.http.response.body" if self._denial is not None:
                status, headers, body = self._denial
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    self._has_closed = True
                    self._socket.deny(http_upgrade.deny(status, headers, bytes(body)))
            case kind:
                raise RuntimeError(f"{kind!r} is no answer to a WebSocket handshake")

    def _accept(self, headers: Headers, subprotocol: str | None) -> None:
        headers = [*self._server_state.default_headers, *headers]
        if subprotocol is not None:
            headers.append((b"sec-websocket-protocol", subprotocol.encode("latin-1")))
        if self._extension is not None:
            headers.append((b"sec-websocket-extensions", self._extension.encode("latin-1")))
        self._socket.accept(headers)
        # A route that detaches the socket has done so by then: it needs no timer that is cancelled at once.
        asyncio.get_running_loop().call_soon(self._start_keepalive)

    def _start_keepalive(self) -> None:
        if self._config.ws_ping_interval and self._socket.state is State.OPEN and not self._detached:
            self._keepalive = Keepalive(
                self._socket,
                interval_seconds=self._config.ws_ping_interval,
                timeout_seconds=self._config.ws_ping_timeout,
                is_unread=lambda: len(self._events) >= MAX_WAITING_MESSAGES,
            )

    def _send_or_close(self, message: Message) -> None:
        match message["type"]:
            case "websocket.send" if message.get("bytes") is not None:
                self._socket.send(BINARY, message["bytes"])
            case "websocket.send":
                self._socket.send(TEXT, message["text"].encode())
            case "websocket.close":
                self._has_closed = True
                self._socket.close(message.get("code", NORMAL), message.get("reason") or "")
            case kind:
                raise RuntimeError(f"{kind!r} on an open WebSocket")

    def _stop_keepalive(self) -> None:
        if self._keepalive is not None:
            self._keepalive.stop()
            self._keepalive = None

    def _scope(self, upgrade: Upgrade, addresses: Addresses) -> Scope:
        root_path = self._config.root_path
        path = upgrade.path.decode("ascii")
        return {
            "type": "websocket",
            "asgi": {"version": self._config.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "wss" if addresses.is_secure else "ws",
            "server": addresses.server,
            "client": addresses.client,
            "root_path": root_path,
            "path": root_path + unquote(path),
            "raw_path": root_path.encode("ascii") + upgrade.path,
            "query_string": upgrade.query,
            "headers": upgrade.headers,
            "subprotocols": upgrade.subprotocols,
            "state": self._app_state.copy(),
            "extensions": {"websocket.http.response": {}, EXTENSION: self._socket},
        }
