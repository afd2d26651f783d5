"""A connection whose response is a session's stream, once its head has been sent."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from uvicorn.server import ServerState

from roomful.link.transport import SIGNAL_SHARE, Chunk, OnClose, OnOverflow
from roomful.transport.stream_body import Body
from roomful.transport.websocket import tcp
from roomful.transport.websocket.frames import ABNORMAL, TOO_BIG

DRAIN_SECONDS = 20.0
"""For a reader whose session has ended while data is waiting for it to take that data."""


class StreamConnection(asyncio.Protocol):
    """Writes a chunked body (RFC 9112, 7.1) straight to the loop's transport: no task or request stays for a stream.

    Its reader has no way to answer, and learns no codes: the session says why before it closes. Data that the reader
    sends is dropped. The connection ends with the stream.
    """

    __slots__ = (
        "_heartbeat",
        "_is_closed",
        "_loop",
        "_on_close",
        "_on_overflow",
        "_on_shutdown",
        "_send_bound",
        "_server_state",
        "_timer",
        "_transport",
        "framing",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        server_state: ServerState,
        loop: asyncio.AbstractEventLoop,
        body: Body,
        *,
        send_bound: int,
    ) -> None:
        self.framing = body.framing
        self._transport = transport
        self._server_state = server_state
        self._loop = loop
        self._heartbeat = body.heartbeat
        self._send_bound = send_bound
        self._is_closed = False
        self._timer: asyncio.TimerHandle | None = None
        self._on_close: OnClose = _ignore
        self._on_overflow: OnOverflow = _ignore
        self._on_shutdown: Callable[[], None] = _ignore
        server_state.connections.add(cast("Any", self))  # its type lists uvicorn's own classes
        if body.opening:
            self.write(Chunk(body.opening))

    def attach(self, *, on_close: OnClose, on_overflow: OnOverflow, on_shutdown: Callable[[], None]) -> None:
        """Tell a session of the connection's end, and of more than `send_bound` bytes waiting for its reader.

        `on_shutdown` is called when the server stops, and must get the session closed.
        """
        self._on_close, self._on_overflow, self._on_shutdown = on_close, on_overflow, on_shutdown

    # From the loop

    def data_received(self, data: bytes) -> None:
        """Drop what the reader still sends."""

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_closed = True
        self._server_state.connections.discard(cast("Any", self))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        on_close = self._on_close
        self._on_close = self._on_overflow = _ignore
        on_close(ABNORMAL)

    def shutdown(self) -> None:
        """The server stops, and waits for its connections."""
        self._on_shutdown()

    # The Transport port

    @property
    def pending_bytes(self) -> int:
        return self._transport.get_write_buffer_size()

    @property
    def is_behind(self) -> bool:
        return self.pending_bytes * SIGNAL_SHARE > self._send_bound

    def write(self, chunk: Chunk, /) -> None:
        if self._is_closed:
            return
        data = cast("bytes", chunk)  # as the chunks of these framings are
        self._transport.write(b"%x\r\n%b\r\n" % (len(data), data))
        if self.pending_bytes > self._send_bound:
            # Perhaps in the midst of a broadcast over many streams: say so afterwards.
            self._loop.call_soon(self._report_overflow)

    def ping(self) -> bool:
        if self._heartbeat:
            self.write(Chunk(self._heartbeat))
        return False

    def heard(self) -> bool:
        return True

    def taken_bytes(self) -> int | None:
        return None if self._is_closed else tcp.taken_bytes(self._transport)

    def limit_messages(self, max_message_bytes: int, *, close_code: int = TOO_BIG) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...

    def close(self, code: int, reason: str) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._transport.write(b"0\r\n\r\n")
            self._transport.close()
            self._timer = self._loop.call_later(DRAIN_SECONDS, self._transport.abort)

    def abort(self) -> None:
        self._is_closed = True
        self._transport.abort()

    def _report_overflow(self) -> None:
        """Unless the system has taken it meanwhile."""
        if not self._is_closed and self.pending_bytes > self._send_bound:
            on_overflow, self._on_overflow = self._on_overflow, _ignore
            on_overflow()


def _ignore(*_: object) -> None:
    """In the place of a callback, once it has been called."""
