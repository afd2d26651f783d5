"""A response that is a stream, as long as its reader stays."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import cast

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from roomful.errors import AppError
from roomful.link.transport import SIGNAL_SHARE, Chunk, OnOverflow, Transport
from roomful.transport.http_protocol import EXTENSION, HttpProtocol
from roomful.transport.sockets import SocketSession
from roomful.transport.stream_body import Body
from roomful.transport.stream_connection import DRAIN_SECONDS
from roomful.transport.websocket import tcp
from roomful.transport.websocket.frames import ABNORMAL

_HEADERS = {
    # Neither cached nor compressed on the way: a compressor holds events back.
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",  # nginx would hold events back until its buffer is full
}


class ResponseTransport:
    """A transport that writes the body of a response, bounded by bytes.

    Its reader can't answer, and gets no close codes: the session sends the reason before it closes.
    """

    def __init__(self, body: Body, *, send_bound: int, connection: asyncio.Transport | None = None) -> None:
        self.framing = body.framing
        self._connection = connection
        self._heartbeat = body.heartbeat
        self._send_bound = send_bound
        self._on_overflow: OnOverflow = _ignore
        self._chunks: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._is_closed = False
        self._drain = asyncio.timeout(None)
        self._is_running = False
        self._queued_bytes = 0
        if body.opening:
            self.write(Chunk(body.opening))

    @property
    def pending_bytes(self) -> int:
        """Includes the bytes that the server below could not send yet."""
        below = 0 if self._connection is None else self._connection.get_write_buffer_size()
        return self._queued_bytes + below

    @property
    def is_behind(self) -> bool:
        return self.pending_bytes * SIGNAL_SHARE > self._send_bound

    def write(self, chunk: Chunk, /) -> None:
        if self._is_closed:
            return
        data = cast("bytes", chunk)  # made by our framing
        self._chunks.append(data)
        self._queued_bytes += len(data)
        self._wake.set()
        if self.pending_bytes > self._send_bound:
            asyncio.get_running_loop().call_soon(self._report_overflow)

    def ping(self) -> bool:
        if self._heartbeat:
            self.write(Chunk(self._heartbeat))
        return False

    def heard(self) -> bool:
        return True

    def taken_bytes(self) -> int | None:
        if self._connection is None:
            return -self._queued_bytes or None
        return tcp.taken_bytes(self._connection)

    def limit_messages(self, max_message_bytes: int, *, close_code: int = 1009) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...

    def close(self, code: int, reason: str) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._wake.set()
            if self._is_running:
                self._begin_drain()

    def abort(self) -> None:
        self._chunks.clear()
        self.close(ABNORMAL, "")

    async def run(self, receive: Receive, send: Send, *, on_overflow: OnOverflow) -> bool:
        """Send until it is closed. False: the reader has not read everything in time.

        A task notices when the reader is gone, and drops what it still sends.
        """
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(self._watch(receive))
            has_sent_all = await self._run(send, on_overflow)
            watching.cancel()
        return has_sent_all

    async def _run(self, send: Send, on_overflow: OnOverflow) -> bool:
        self._on_overflow = on_overflow
        with contextlib.suppress(TimeoutError):  # the unread rest is dropped
            async with self._drain:
                self._is_running = True
                if self._is_closed:
                    self._begin_drain()
                await self._send_all(send)
        return not self._drain.expired()

    async def _send_all(self, send: Send) -> None:
        while self._chunks or not self._is_closed:
            await self._wake.wait()
            self._wake.clear()
            while self._chunks:
                data = b"".join(self._chunks)
                self._chunks.clear()
                await send({"type": "http.response.body", "body": data, "more_body": True})
                self._queued_bytes -= len(data)

    async def _watch(self, receive: Receive) -> None:
        with contextlib.suppress(AppError):  # a body that is refused after the response has begun
            while (await receive())["type"] != "http.disconnect":
                pass
        self.abort()

    def _begin_drain(self) -> None:
        if not self._drain.expired():
            self._drain.reschedule(asyncio.get_running_loop().time() + DRAIN_SECONDS)

    def _report_overflow(self) -> None:
        """Unless the server has sent enough meanwhile: it had no chance before the end of this turn of the loop."""
        if self.pending_bytes > self._send_bound:
            on_overflow, self._on_overflow = self._on_overflow, _ignore
            on_overflow()


class StreamedResponse(Response):
    """A response whose body a session writes, until the session ends or its reader is gone.

    It holds no transaction, and at most `send_bound` bytes besides the system's buffers. At its end, whatever the
    reason, it calls the session's `closed`. `on_shutdown` is called when the server stops, and must get all sessions
    closed.
    """

    def __init__(
        self,
        begin: Callable[[Transport], SocketSession],
        body: Body,
        *,
        send_bound: int,
        on_shutdown: Callable[[], None],
    ) -> None:
        super().__init__(headers=_HEADERS, media_type=body.media_type)
        del self.headers["content-length"]
        self._begin = begin
        self._body = body
        self._send_bound = send_bound
        self._on_shutdown = on_shutdown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection: asyncio.Transport | None = scope.get("extensions", {}).get(EXTENSION)
        protocol = None if connection is None else connection.get_protocol()
        if connection is not None:
            self.headers["connection"] = "close"  # it ends with its stream: no other request may follow
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        if isinstance(protocol, HttpProtocol):
            stream = protocol.detach(scope, self._body, send_bound=self._send_bound)
            if stream is not None:
                session = self._begin(stream)
                stream.attach(on_close=session.closed, on_overflow=session.overflow, on_shutdown=self._on_shutdown)
                return
        transport = ResponseTransport(self._body, send_bound=self._send_bound, connection=connection)
        session = self._begin(transport)
        if isinstance(protocol, HttpProtocol):
            protocol.begin_endless()
        try:
            has_sent_all = await transport.run(receive, send, on_overflow=session.overflow)
        finally:
            if isinstance(protocol, HttpProtocol):
                protocol.end_endless()
            session.closed(ABNORMAL)
        if has_sent_all:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        elif connection is not None:
            connection.abort()
            await _end_of(receive)


async def _end_of(receive: Receive) -> None:
    """Wait until the server knows that the connection is gone: it would log an unfinished response as an error."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            while True:
                with contextlib.suppress(AppError):  # a body that is refused
                    if (await receive())["type"] == "http.disconnect":
                        return


def _ignore() -> None:
    """Replaces the callback once it has been called."""
