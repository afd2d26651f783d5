"""A response that is written as it happens, for as long as somebody reads it."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from roomful.errors import AppError
from roomful.link.transport import SIGNAL_SHARE, Chunk, Framing, OnOverflow, Transport, write_to_each
from roomful.transport.http_protocol import EXTENSION, HttpProtocol
from roomful.transport.sockets import SocketSession
from roomful.transport.websocket import tcp
from roomful.transport.websocket.frames import ABNORMAL

DRAIN_SECONDS = 20.0
"""For a reader whose session has ended while data is waiting for it to take that data."""

_HEADERS = {
    # What passes on the way is to be kept by nobody, and squeezed by nobody: a compressor holds events back.
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",  # nginx would hold events back until its buffer is full
}


class ConcatenatedFraming:
    """Messages one after the other: they say themselves where they end."""

    name = "concatenated"

    def frame(self, messages: Sequence[bytes], *, text: bool) -> Chunk:
        return Chunk(b"".join(messages))

    broadcast = staticmethod(write_to_each)


class LineFraming:
    """Each message on a line of its own."""

    name = "lines"

    def frame(self, messages: Sequence[bytes], *, text: bool) -> Chunk:
        return Chunk(b"".join([b"%b\n" % message for message in messages]))

    broadcast = staticmethod(write_to_each)


class ServerSentFraming:
    """Each message as the data of a server-sent event (HTML Living Standard, 9.2). It holds no line break."""

    name = "server-sent"

    def frame(self, messages: Sequence[bytes], *, text: bool) -> Chunk:
        return Chunk(b"".join([b"data: %b\n\n" % message for message in messages]))

    broadcast = staticmethod(write_to_each)


@dataclass(frozen=True, slots=True)
class Body:
    """How a kind of body is written. `opening` comes first; `heartbeat` is what a ping of its transport writes."""

    framing: Framing
    media_type: str
    opening: bytes = b""
    heartbeat: bytes = b""


_EVENT_STREAM = "text/event-stream; charset=utf-8"
_CONNECTED = b": connected\n\n"  # a browser calls it open from its first byte on

# No type that proxies are told to compress, as JSON often is.
LINES = Body(LineFraming(), "application/x-ndjson")
LENGTHS = Body(ConcatenatedFraming(), "application/octet-stream")
SERVER_SENT = Body(ServerSentFraming(), _EVENT_STREAM, _CONNECTED)
EVENTS = Body(ConcatenatedFraming(), _EVENT_STREAM, _CONNECTED, b": still here\n\n")


class ResponseTransport:
    """The body of a response as a session writes to it, bounded by bytes.

    Its reader has no way to answer, and learns no codes: whoever closes it says why before that.
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
        self._patience = asyncio.timeout(None)
        self._is_running = False
        self._queued_bytes = 0
        if body.opening:
            self.write(Chunk(body.opening))

    @property
    def pending_bytes(self) -> int:
        """What the server below was given and could not send counts as well."""
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

    def limit_messages(self, max_message_bytes: int) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...

    def close(self, code: int, reason: str) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._wake.set()
            if self._is_running:
                self._lose_patience()

    def abort(self) -> None:
        self._chunks.clear()
        self.close(ABNORMAL, "")

    async def run(self, send: Send, *, on_overflow: OnOverflow) -> bool:
        """Send until it is closed and all has been taken: True. False: nobody takes it any more.

        Whoever sees that the reader is gone calls `abort`.
        """
        self._on_overflow = on_overflow
        with contextlib.suppress(TimeoutError):  # what the reader has not taken by now is lost to it
            async with self._patience:
                self._is_running = True
                if self._is_closed:
                    self._lose_patience()
                await self._send_all(send)
        return not self._patience.expired()

    async def run_watching(self, receive: Receive, send: Send, *, on_overflow: OnOverflow) -> bool:
        """The same, with a task that sees whether the reader is gone, and drops what it still sends."""
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(self._watch(receive))
            has_sent_all = await self.run(send, on_overflow=on_overflow)
            watching.cancel()
        return has_sent_all

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
        with contextlib.suppress(AppError):  # a body that is refused, when the answer has begun: as if it had gone
            while (await receive())["type"] != "http.disconnect":
                pass
        self.abort()

    def _lose_patience(self) -> None:
        if not self._patience.expired():
            self._patience.reschedule(asyncio.get_running_loop().time() + DRAIN_SECONDS)

    def _report_overflow(self) -> None:
        """Unless the server has taken it meanwhile: it was not asked before everything of this turn was written."""
        if self.pending_bytes > self._send_bound:
            on_overflow, self._on_overflow = self._on_overflow, _ignore
            on_overflow()


class StreamedResponse(Response):
    """A response whose body is a session's, to the end of the session or of its reader.

    It holds no database session, and no more than `send_bound` bytes and what the system buffers. When it is over,
    whichever way, the session's `closed` is called.
    """

    def __init__(self, begin: Callable[[Transport], SocketSession], body: Body, *, send_bound: int) -> None:
        super().__init__(headers=_HEADERS, media_type=body.media_type)
        del self.headers["content-length"]
        self._begin = begin
        self._body = body
        self._send_bound = send_bound

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection: asyncio.Transport | None = scope.get("extensions", {}).get(EXTENSION)
        protocol = None if connection is None else connection.get_protocol()
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        transport = ResponseTransport(self._body, send_bound=self._send_bound, connection=connection)
        session = self._begin(transport)
        is_watched = isinstance(protocol, HttpProtocol) and protocol.begin_endless(transport.abort)
        try:
            if is_watched:
                has_sent_all = await transport.run(send, on_overflow=session.overflow)
            else:
                has_sent_all = await transport.run_watching(receive, send, on_overflow=session.overflow)
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
    """Wait until the server knows that the connection has gone: it would log an unfinished answer as an error."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            while True:
                with contextlib.suppress(AppError):  # a body that is refused
                    if (await receive())["type"] == "http.disconnect":
                        return


def _ignore() -> None:
    """In the place of the callback, once it has been called."""
