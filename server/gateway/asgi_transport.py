"""A socket under any ASGI server: the same port, by plain ASGI sends."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import cast

from starlette.websockets import WebSocket, WebSocketDisconnect

from server.realtime.transport import Chunk, Framing

CLOSE_SECONDS = 10.0


class AsgiFraming:
    """A chunk is the messages themselves: the ASGI server makes the frames."""

    name = "asgi"

    def frame(self, messages: Sequence[bytes], *, text: bool) -> Chunk:
        return Chunk([message.decode() if text else message for message in messages])


ASGI = AsgiFraming()


class AsgiTransport:
    """Queues what is written, up to a bound, for one writer; `run` reads and writes until the socket has ended."""

    def __init__(self, websocket: WebSocket, *, send_bound: int) -> None:
        self._websocket = websocket
        self._send_bound = send_bound
        self._queue: deque[str | bytes] = deque()
        self._pending_bytes = 0
        self._wake = asyncio.Event()
        self._closing: tuple[int, str] | None = None
        self._is_over = asyncio.Event()
        self._has_overflowed = False
        self._on_overflow: Callable[[], None] = _nothing

    @property
    def framing(self) -> Framing:
        return ASGI

    @property
    def pending_bytes(self) -> int:
        return self._pending_bytes

    def write(self, chunk: Chunk, /) -> None:
        if self._closing is not None:
            return
        for message in cast("list[str | bytes]", chunk):  # made by ASGI.frame
            self._queue.append(message)
            self._pending_bytes += len(message)
        self._wake.set()
        if self._pending_bytes > self._send_bound and not self._has_overflowed:
            self._has_overflowed = True
            asyncio.get_running_loop().call_soon(self._on_overflow)

    def ping(self) -> bool:
        return False

    def heard(self) -> bool:
        return True

    def limit_messages(self, max_message_bytes: int) -> None:
        return None

    def pause_reading(self) -> None:
        return None

    def resume_reading(self) -> None:
        return None

    def close(self, code: int, reason: str) -> None:
        if self._closing is None:
            self._closing = (code, reason)
            self._wake.set()

    def abort(self) -> None:
        self._closing = self._closing or (1011, "")
        self._is_over.set()

    async def run(
        self,
        on_message: Callable[[str | bytes], None],
        on_close: Callable[[int], None],
        on_overflow: Callable[[], None],
    ) -> None:
        """Serve the socket until it has ended."""
        self._on_overflow = on_overflow
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._read(on_message)), group.create_task(self._write())]
            await self._is_over.wait()
            for task in tasks:
                task.cancel()
        on_close(self._closing[0] if self._closing else 1006)

    async def _read(self, on_message: Callable[[str | bytes], None]) -> None:
        try:
            while (message := await self._websocket.receive())["type"] == "websocket.receive":
                text = message.get("text")
                on_message(message["bytes"] if text is None else text)
        except (WebSocketDisconnect, RuntimeError):
            pass
        self._is_over.set()

    async def _write(self) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):  # the peer has gone: the reader notices
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._queue:
                    message = self._queue.popleft()
                    if isinstance(message, str):
                        await self._websocket.send_text(message)
                    else:
                        await self._websocket.send_bytes(message)
                    self._pending_bytes -= len(message)
                if self._closing is not None:
                    async with asyncio.timeout(CLOSE_SECONDS):
                        await self._websocket.close(*self._closing)
                    break
        self._is_over.set()


def _nothing() -> None:
    return None
