"""A socket under any ASGI server: the same port by plain ASGI events, at the price of a task for each socket."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import cast

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from roomful.link.transport import SIGNAL_SHARE, Chunk, OnClose, OnMessage, OnOverflow, write_to_each
from roomful.transport.websocket.frames import ABNORMAL, INTERNAL_ERROR, TOO_BIG, cut_reason

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 20.0
"""For a peer that is closed while data is waiting for it to take that data."""


class AsgiFraming:
    """A chunk is ASGI events, which the server below makes into frames, for each socket anew."""

    name = "asgi"

    def frame(self, messages: Sequence[bytes], *, text: bool) -> Chunk:
        events: list[Message] = [
            {"type": "websocket.send", "text": message.decode()}
            if text
            else {"type": "websocket.send", "bytes": message}
            for message in messages
        ]
        return Chunk((sum(map(len, messages)), events))

    broadcast = staticmethod(write_to_each)


ASGI = AsgiFraming()


class AsgiTransport:
    """An accepted WebSocket while its ASGI task is in `run`.

    What is written waits in a queue that is bounded by bytes. One writer empties it as fast as the server takes it.
    """

    framing = ASGI

    def __init__(
        self,
        websocket: WebSocket,
        *,
        max_message_bytes: int,
        send_bound: int,
        drain_seconds: float = DRAIN_SECONDS,
    ) -> None:
        self._websocket = websocket
        self._max_message_bytes = max_message_bytes
        self._send_bound = send_bound
        self._drain_seconds = drain_seconds
        self._on_message: OnMessage = _ignore
        self._on_close: OnClose = _ignore
        self._on_overflow: OnOverflow = _ignore
        self._queue: deque[tuple[int, list[Message]]] = deque()
        self._queued = asyncio.Event()
        self._readable = asyncio.Event()
        self._readable.set()
        self._over = asyncio.Event()
        self._is_open = True
        self._has_closed = False
        self._heard = True
        self._code = ABNORMAL
        self.pending_bytes = 0

    async def run(self, *, on_message: OnMessage, on_close: OnClose, on_overflow: OnOverflow) -> None:
        """Serve the session until the socket is over; after `close`, that is in bounded time."""
        self._on_message, self._on_close, self._on_overflow = on_message, on_close, on_overflow
        try:
            async with asyncio.TaskGroup() as tasks:
                reader, writer = tasks.create_task(self._read()), tasks.create_task(self._write())
                await self._over.wait()
                if self._has_closed:
                    await asyncio.wait([writer], timeout=self._drain_seconds)
                reader.cancel()
                writer.cancel()
        finally:
            self._is_open = False
            self._report_close()

    @property
    def is_behind(self) -> bool:
        return self.pending_bytes * SIGNAL_SHARE > self._send_bound

    def write(self, chunk: Chunk, /) -> None:
        if self._is_open:
            size, events = cast("tuple[int, list[Message]]", chunk)  # made by our framing
            self._enqueue(size, events)
            if self.pending_bytes > self._send_bound:
                asyncio.get_running_loop().call_soon(self._report_overflow)

    def ping(self) -> bool:
        return False

    def heard(self) -> bool:
        heard, self._heard = self._heard, False
        return heard

    def taken_bytes(self) -> int | None:
        return -self.pending_bytes or None

    def limit_messages(self, max_message_bytes: int) -> None:
        self._max_message_bytes = max_message_bytes

    def pause_reading(self) -> None:
        self._readable.clear()

    def resume_reading(self) -> None:
        self._readable.set()

    def close(self, code: int, reason: str) -> None:
        if self._is_open:
            self._has_closed = True
            self._enqueue(0, [{"type": "websocket.close", "code": code, "reason": cut_reason(reason)}])
            self._end(code)
            asyncio.get_running_loop().call_soon(self._report_close)

    def abort(self) -> None:
        if self._is_open:
            self._queue.clear()
            self._end(ABNORMAL)

    async def _read(self) -> None:
        while self._is_open:
            await self._readable.wait()
            event = await self._websocket.receive()
            if event["type"] == "websocket.receive":
                self._heard = True
                self._take(event["text"] if event.get("text") is not None else event["bytes"])
            elif self._is_open:
                self._queue.clear()
                self._end(event.get("code") or ABNORMAL)

    def _take(self, data: str | bytes) -> None:
        size = len(data.encode()) if isinstance(data, str) else len(data)
        if size > self._max_message_bytes:
            self.close(TOO_BIG, "message too big")
            return
        try:
            self._on_message(data)
        except Exception:  # the boundary of the session
            logger.exception("a session failed on a message")
            self.close(INTERNAL_ERROR, "internal error")

    async def _write(self) -> None:
        """Ends when the queue has run empty after the socket's end."""
        try:
            while self._is_open or self._queue:
                await self._queued.wait()
                self._queued.clear()
                while self._queue:
                    size, events = self._queue.popleft()
                    for event in events:
                        await self._websocket.send(event)
                    self.pending_bytes -= size
        except (OSError, RuntimeError, WebSocketDisconnect):
            self._queue.clear()  # the peer has gone, as the reader is told

    def _enqueue(self, size: int, events: list[Message]) -> None:
        self._queue.append((size, events))
        self.pending_bytes += size
        self._queued.set()

    def _end(self, code: int) -> None:
        self._is_open = False
        self._on_message = _ignore
        self._code = code
        self._over.set()

    def _report_close(self) -> None:
        on_close = self._on_close
        self._on_message = self._on_close = self._on_overflow = _ignore
        on_close(self._code)

    def _report_overflow(self) -> None:
        on_overflow, self._on_overflow = self._on_overflow, _ignore
        on_overflow()


def _ignore(*_: object) -> None:
    """In the place of a callback, once it has been called or the socket is over."""
