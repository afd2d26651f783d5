"""The transport of a socket under any ASGI server, by plain ASGI events. It costs a task for each socket."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import cast

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from roomful.link.transport import SIGNAL_SHARE, Chunk, OnClose, OnMessage, OnOverflow, write_to_each
from roomful.transport.callbacks import Callbacks
from roomful.transport.websocket.frames import ABNORMAL, INTERNAL_ERROR, TOO_BIG, cut_reason

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 20.0
"""For a peer to read the pending data at its close."""


class AsgiFraming:
    """A chunk is ASGI events, which the server below makes into frames for each socket."""

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

    Writes go to a queue bounded by bytes, which one task empties as fast as the server sends.
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
        self._too_big_code = TOO_BIG
        self._send_bound = send_bound
        self._drain_seconds = drain_seconds
        self._callbacks = Callbacks()
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
        """Serve the session until the socket is over. After `close` the time is bounded."""
        self._callbacks.attach(on_message, on_close, on_overflow)
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
            self._callbacks.close(self._code)

    @property
    def is_behind(self) -> bool:
        return self.pending_bytes * SIGNAL_SHARE > self._send_bound

    def write(self, chunk: Chunk, /) -> None:
        if self._is_open:
            size, events = cast("tuple[int, list[Message]]", chunk)  # made by our framing
            self._enqueue(size, events)
            if self.pending_bytes > self._send_bound:
                asyncio.get_running_loop().call_soon(self._callbacks.overflow)

    def ping(self) -> bool:
        return False

    def heard(self) -> bool:
        heard, self._heard = self._heard, False
        return heard

    def taken_bytes(self) -> int | None:
        return -self.pending_bytes or None

    def limit_messages(self, max_message_bytes: int, *, close_code: int = TOO_BIG) -> None:
        self._max_message_bytes = max_message_bytes
        self._too_big_code = close_code

    def pause_reading(self) -> None:
        self._readable.clear()

    def resume_reading(self) -> None:
        self._readable.set()

    def close(self, code: int, reason: str) -> None:
        if self._is_open:
            self._has_closed = True
            self._enqueue(0, [{"type": "websocket.close", "code": code, "reason": cut_reason(reason)}])
            self._end(code)
            asyncio.get_running_loop().call_soon(self._callbacks.close, code)

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
                self._deliver(event["text"] if event.get("text") is not None else event["bytes"])
            elif self._is_open:
                self._queue.clear()
                self._end(event.get("code") or ABNORMAL)

    def _deliver(self, data: str | bytes) -> None:
        size = len(data.encode()) if isinstance(data, str) else len(data)
        if size > self._max_message_bytes:
            self.close(self._too_big_code, "message too big")
            return
        try:
            self._callbacks.message(data)
        except Exception:  # the boundary of the session
            logger.exception("a session failed on a message")
            self.close(INTERNAL_ERROR, "internal error")

    async def _write(self) -> None:
        """Ends when the queue is empty after the socket's end."""
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
            self._queue.clear()  # the peer is gone, which ends the reader too

    def _enqueue(self, size: int, events: list[Message]) -> None:
        self._queue.append((size, events))
        self.pending_bytes += size
        self._queued.set()

    def _end(self, code: int) -> None:
        self._is_open = False
        self._callbacks.end_messages()
        self._code = code
        self._over.set()
