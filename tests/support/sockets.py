"""One WebSocket for tests: every wait has a deadline."""

import asyncio
import socket
from collections.abc import Mapping
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from roomful.concurrency.task_scope import TaskScope

DEADLINE_SECONDS = 30.0


class Closed(AssertionError):
    """The socket was closed while the test waited for something else."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"closed: {code} {reason}")
        self.code = code
        self.reason = reason


class Socket:
    """One WebSocket and a task that reads it into a queue. Opened and dropped as often as a test wants."""

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        subprotocols: list[str] | None = None,
        receive_buffer: int = 0,
    ) -> None:
        self.url = url
        self._headers = dict(headers or {})
        self._subprotocols = subprotocols
        self._receive_buffer = receive_buffer
        self._websocket: ClientConnection | None = None
        self._stack = AsyncExitStack()
        self._frames: asyncio.Queue[str | bytes | Closed] = asyncio.Queue()

    async def open(self) -> ClientConnection:
        """Raises websockets' InvalidStatus when the server refuses the handshake."""
        self._frames = asyncio.Queue()
        self._websocket = await connect(
            self.url,
            sock=await self._small_pipe() if self._receive_buffer else None,
            additional_headers=self._headers,
            subprotocols=self._subprotocols,  # type: ignore[arg-type]  # plain strings will do
            proxy=None,
            compression=None,
            ping_interval=None,
            max_queue=None,
            max_size=None,
            open_timeout=DEADLINE_SECONDS,
            close_timeout=1,
        )
        task_scope = await self._stack.enter_async_context(TaskScope("test socket"))
        task_scope.spawn(self._read(self._websocket, self._frames))
        return self._websocket

    @property
    def websocket(self) -> ClientConnection:
        assert self._websocket is not None, "not open"
        return self._websocket

    async def send(self, text: str | bytes) -> None:
        async with asyncio.timeout(DEADLINE_SECONDS):
            await self.websocket.send(text)

    async def receive(self, seconds: float = DEADLINE_SECONDS) -> str | bytes:
        """The next frame. Raises TimeoutError, or Closed when the socket ends first."""
        async with asyncio.timeout(seconds):
            frame = await self._frames.get()
        if isinstance(frame, Closed):
            self._frames.put_nowait(frame)  # later callers see it too
            raise frame
        return frame

    def stop_reading(self) -> None:
        """Stop reading, so that data stays in the kernel."""
        self.websocket.transport.pause_reading()

    def read_again(self) -> None:
        self.websocket.transport.resume_reading()

    async def drop(self) -> None:
        """Cut the connection without a close frame, as a lost network does."""
        self.websocket.transport.abort()
        await self._stack.aclose()

    async def close(self) -> None:
        """Send a close frame, if the socket is still open."""
        if self._websocket is not None:
            await self._websocket.close()
        await self._stack.aclose()

    async def expect_close(self, code: int, seconds: float = DEADLINE_SECONDS) -> Closed:
        """Expect the server to close with this code. Skips frames before that."""
        async with asyncio.timeout(seconds):
            while not isinstance(frame := await self._frames.get(), Closed):
                pass
        assert frame.code == code, f"closed with {frame.code} {frame.reason!r}, not {code}"
        return frame

    async def _small_pipe(self) -> socket.socket:
        """A connection with a small receive buffer."""
        parts = urlsplit(self.url)
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
        connection.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(connection, (parts.hostname, parts.port))
        except BaseException:
            connection.close()
            raise
        return connection

    @staticmethod
    async def _read(websocket: ClientConnection, frames: "asyncio.Queue[str | bytes | Closed]") -> None:
        try:
            while True:
                frames.put_nowait(await websocket.recv())
        except ConnectionClosed as closed:
            # 1006: the connection ended without a close frame.
            frames.put_nowait(Closed(closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else Closed(1006, ""))
