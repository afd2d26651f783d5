"""The ASGI cycle of one WebSocket: the application's events and answers (ASGI 3, WebSocket 2.4)."""

import asyncio
import logging
from collections import deque
from enum import Enum
from typing import Any, Protocol

from starlette.types import ASGIApp, Message, Scope
from starlette.websockets import WebSocketDisconnect
from uvicorn.config import Config
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.server import ServerState

from roomful.errors import AppError, Forbidden
from roomful.transport.websocket import http_upgrade
from roomful.transport.websocket.frames import BINARY, INTERNAL_ERROR, NORMAL, TEXT
from roomful.transport.websocket.http_upgrade import Headers, Upgrade
from roomful.transport.websocket.keepalive import Keepalive
from roomful.transport.websocket.scope import Addresses, make_scope

logger = logging.getLogger(__name__)

MAX_WAITING_MESSAGES = 16
"""For an application that doesn't call receive. Reading from the peer stops there."""


class State(Enum):
    HANDSHAKE = "handshake"
    OPEN = "open"
    CLOSING = "closing"
    """A close frame or an error response has been sent: what still comes is read and dropped."""
    CLOSED = "closed"
    """The descriptor is gone."""


class Socket(Protocol):
    """The socket, as the cycle uses it."""

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
    """Lasts from the handshake until the application returns, which it does soon if it detaches the socket."""

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
        self._close_reason = ""

    @property
    def max_message_bytes(self) -> int:
        return self._config.ws_max_size

    # From the connection

    def begin(
        self, upgrade: Upgrade, addresses: Addresses, extension: str | None, loop: asyncio.AbstractEventLoop
    ) -> None:
        """Run the application for this handshake, in a task that uvicorn's shutdown waits for."""
        self._extension = extension
        scope = make_scope(upgrade, addresses, self._config, self._app_state, self._socket)
        task = loop.create_task(self._run(self._config.loaded_app, scope))
        self._server_state.tasks.add(task)
        task.add_done_callback(self._server_state.tasks.discard)
        self._task = task

    def on_message(self, data: str | bytes) -> None:
        kind = "text" if isinstance(data, str) else "bytes"
        self._events.append({"type": "websocket.receive", kind: data})
        self._arrived.set()
        if len(self._events) >= MAX_WAITING_MESSAGES:
            self._socket.pause_reading()

    def closing(self, reason: str) -> None:
        """The socket is about to close for this reason; `on_close` follows."""
        self._close_reason = reason

    def on_close(self, code: int) -> None:
        self._disconnect = {"type": "websocket.disconnect", "code": code, "reason": self._close_reason}
        if self._task is not None and not (self._has_answered or self._is_receiving):
            # Its answer would go to nobody, and other clients need the database that it would query.
            self._task.cancel()
        self._arrived.set()
        self._writable.set()  # a transport that is lost while paused never resumes
        self._stop_keepalive()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def detach(self) -> list[str | bytes]:
        """End the cycle. Returns the messages that the application has not received."""
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
                raise  # the server stops
            logger.debug("the client left before it was answered")
        except (ClientDisconnected, WebSocketDisconnect):
            self._end(NORMAL)  # the application let the disconnect pass through, which is fine
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
        # By then a route that detaches the socket has done so, and needs no timer.
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
