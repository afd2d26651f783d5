"""Applications and clients for the tests of the WebSocket class."""

import asyncio
import os
import weakref
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from roomful.link.transport import Transport
from roomful.transport.websocket.protocol import WebSocketProtocol
from roomful.transport.websocket.scope import EXTENSION

DEADLINE_SECONDS = 30.0


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """An ordinary application that echoes messages, and records its end in `endings`."""
    websocket = WebSocket(scope, receive, send)
    await websocket.accept()
    while (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})
    endings.append((message["code"], message.get("reason") or ""))


endings: list[tuple[int, str]] = []


class Session:
    """The session of a detached socket: records its calls in order."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.messages: list[str | bytes] = []
        self.endings: list[int] = []
        self.overflows = 0
        self.echoes = True

    def on_message(self, data: str | bytes) -> None:
        assert not self.endings, "a message after the end"
        self.messages.append(data)
        if self.echoes:
            send(self.transport, data)

    def on_close(self, code: int) -> None:
        self.endings.append(code)

    def on_overflow(self) -> None:
        self.overflows += 1
        self.transport.close(3008, "slow")


class Detached:
    """An application that accepts, detaches and returns. Its sessions are in `sessions`."""

    def __init__(
        self,
        *,
        session: type[Session] = Session,
        max_message_bytes: int = 1 << 20,
        send_bound: int = 1 << 20,
        on_shutdown: Callable[[], None] | None = None,
    ) -> None:
        self.sessions: list[Session] = []
        self.scopes: list[weakref.ref[Any]] = []
        self._session = session
        self._max_message_bytes = max_message_bytes
        self._send_bound = send_bound
        self._on_shutdown = on_shutdown
        self._opened = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        self.scopes.append(weakref.ref(websocket))
        await websocket.accept()
        self.detach(scope["extensions"][EXTENSION])

    def detach(self, transport: WebSocketProtocol) -> None:
        session = self._session(transport)
        self.sessions.append(session)
        transport.detach(
            on_message=session.on_message,
            on_close=session.on_close,
            on_overflow=session.on_overflow,
            max_message_bytes=self._max_message_bytes,
            send_bound=self._send_bound,
            on_shutdown=self._on_shutdown,
        )
        self._opened.set()

    async def opened(self) -> Session:
        await within(self._opened.wait())
        self._opened.clear()
        return self.sessions[-1]


def send(transport: Transport, *messages: str | bytes) -> None:
    for message in messages:
        data = message.encode() if isinstance(message, str) else message
        transport.write(transport.framing.frame([data], text=isinstance(message, str)))


async def within(work: Any, seconds: float = DEADLINE_SECONDS) -> Any:
    async with asyncio.timeout(seconds):
        return await work


async def until(is_so: Callable[[], object], seconds: float = DEADLINE_SECONDS) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@asynccontextmanager
async def client(port: int, **settings: Any) -> AsyncIterator[ClientConnection]:
    """The websockets library's client; `compression=None` unless told otherwise."""
    settings = {"compression": None, "max_size": None, "ping_interval": None, "proxy": None, **settings}
    async with connect(f"ws://127.0.0.1:{port}/", **settings) as connection:
        yield connection


async def closed_with(connection: ClientConnection) -> tuple[int, str]:
    """The server's close. Skips messages before it."""
    with suppress(ConnectionClosed):
        while True:
            await within(connection.recv())
    ending = connection.protocol.close_rcvd
    return (ending.code, ending.reason) if ending is not None else (1006, "")


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def deflated(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]
