"""One WebSocket of a uvicorn server, from its handshake until its descriptor is gone."""

import asyncio
import functools
import logging
import sys
from collections.abc import Callable
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.utils import is_ssl
from uvicorn.server import ServerState

from roomful.errors import AppError, BadRequest, Unavailable
from roomful.link.transport import SIGNAL_SHARE, Chunk, Framing, OnClose, OnMessage, OnOverflow
from roomful.transport.websocket import http_upgrade, tcp
from roomful.transport.websocket.asgi_cycle import Addresses, AsgiCycle, State
from roomful.transport.websocket.direct import NOT_DIRECT, DirectSocket
from roomful.transport.websocket.frames import ABNORMAL, INTERNAL_ERROR, PING, PLAIN, PONG, RESTART, close_frame, frame
from roomful.transport.websocket.http_upgrade import Headers, Request, Upgrade
from roomful.transport.websocket.options import DEFAULTS, SocketOptions
from roomful.transport.websocket.reader import Close, Failure, FrameReader, Ping

logger = logging.getLogger(__name__)

MAX_PENDING_FOR_PONG = 64 * 1024
"""A peer that takes nothing gets no pongs either: they would pile up."""

_HEAD_TOO_LARGE = "The request line and headers are too large."
_PING_FRAME = frame(PING, b"")


def websocket_protocol(options: SocketOptions) -> type[asyncio.Protocol]:
    """What uvicorn's `ws=` takes, with these options. Goes to worker processes as it is."""
    # uvicorn types its setting as a class; it only ever calls it, and a partial can be pickled for a worker
    return cast("type[asyncio.Protocol]", functools.partial(WebSocketProtocol, options=options))


class WebSocketProtocol(DirectSocket, asyncio.Protocol):
    """An ordinary ASGI WebSocket until its route detaches it, and then a Transport of the engine.

    A route that has accepted may call `detach` on what the scope's extensions hold under `EXTENSION`, and return. Its
    task, scope and Starlette objects are then freed, reads go straight from the loop to the session, and writes go
    straight to the loop's transport, or past it to the descriptor (`direct`): no task, queue or generator stays for an
    open socket.

    Closing, whoever begins it, waits for the other side, so that the close code arrives and isn't lost to a reset; and
    the wait is bounded, so that the descriptor is gone whatever the peer does.
    """

    __slots__ = (
        "_code",
        "_conversation",
        "_early",
        "_has_broadcasts",
        "_heard",
        "_loop",
        "_on_close",
        "_on_message",
        "_on_overflow",
        "_on_shutdown",
        "_options",
        "_reader",
        "_send_bound",
        "_server_state",
        "_timer",
        "_transport",
        "_upgrade",
        "framing",
        "state",
    )

    framing: Framing
    _transport: asyncio.Transport

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        options: SocketOptions = DEFAULTS,
    ) -> None:
        self._options = options
        self._loop = _loop or asyncio.get_running_loop()
        self._server_state = server_state
        self._conversation: AsgiCycle | None = AsgiCycle(self, config, server_state, app_state)
        self._on_message: OnMessage = self._conversation.on_message
        self._on_close: OnClose = self._conversation.on_close
        self._on_overflow: OnOverflow = _ignore
        self._on_shutdown: Callable[[], None] | None = None
        self._upgrade: Upgrade | None = None
        self._early = b""
        self._reader: FrameReader | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._heard = True
        self._has_broadcasts = False
        self._code = ABNORMAL
        self.state = State.HANDSHAKE
        self.framing = PLAIN
        self.descriptor = NOT_DIRECT
        self._send_bound = 0

    # From the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # a stream, as uvicorn listens on nothing else
        self._server_state.connections.add(cast("Any", self))  # its type lists uvicorn's own classes
        tcp.tune(self._transport, self._options)
        self._arm(self._options.handshake_seconds, self._handshake_timed_out)

    def take_over(self, transport: asyncio.Transport, request: Request, addresses: Addresses) -> None:
        """Begin with a request that an HTTP protocol has read on this connection."""
        self.connection_made(transport)
        if request.size_bytes > self._options.max_head_bytes:
            self.refuse(BadRequest(_HEAD_TOO_LARGE))
        else:
            self._begin_cycle(lambda: http_upgrade.check(request), addresses)

    def data_received(self, data: bytes) -> None:
        self._heard = True
        if self._reader is not None:
            self._read(data)
        elif self.state is State.HANDSHAKE:
            self._read_head(data)

    def eof_received(self) -> None:
        """The peer sends nothing more: the loop closes the connection."""

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        self._server_state.connections.discard(cast("Any", self))
        # The loop closes the descriptor after this call, and the system may give it to the next connection.
        self.descriptor = NOT_DIRECT
        self.state = State.CLOSED
        self._report_close()

    def pause_writing(self) -> None:
        """Something is waiting in the transport. Called inside its write(), perhaps in the midst of a broadcast."""
        self.descriptor = NOT_DIRECT
        if self._conversation is not None:
            self._conversation.pause_writing()

    def resume_writing(self) -> None:
        """Nothing is waiting any more."""
        if self._conversation is not None:
            self._conversation.resume_writing()
        elif self.state is State.OPEN and self._has_broadcasts:
            self.descriptor = self._find_descriptor()
        if self.state is State.CLOSING:  # all has left, the close frame too
            self._arm(self._options.close_seconds, self._transport.abort)

    def shutdown(self) -> None:
        """The server stops, and waits for its connections to close."""
        if self.state is State.HANDSHAKE:
            self.refuse(Unavailable("The server is about to stop."))
        elif self._on_shutdown is not None:
            self._on_shutdown()
        else:
            self.close(RESTART, "server restart")

    # From the application, before it detaches

    def accept(self, headers: Headers) -> None:
        """Open the socket, for a conversation that has answered so."""
        assert self._upgrade is not None
        assert self._conversation is not None
        self._transport.write(http_upgrade.switch(self._upgrade.key, headers))
        self._reader = FrameReader(
            max_message_bytes=self._conversation.max_message_bytes,
            max_fragments=self._options.max_fragments,
            max_frames_per_second=self._options.max_frames_per_second,
            inflates=self.framing is not PLAIN,
        )
        self.state = State.OPEN
        self._disarm()
        self._upgrade = None
        early, self._early = self._early, b""
        if early:
            self._transport.resume_reading()
            self._read(early)

    def refuse(self, error: AppError) -> None:
        self.deny(self._options.render_error(error, self._server_state.default_headers))

    def deny(self, response: bytes) -> None:
        """Answer the handshake with an HTTP response instead."""
        self._transport.write(response)
        self._begin_closing(ABNORMAL)
        self._loop.call_soon(self._report_close)
        self._transport.close()

    def send(self, opcode: int, payload: bytes) -> None:
        self._transport.write(frame(opcode, payload))

    def detach(
        self,
        *,
        on_message: OnMessage,
        on_close: OnClose,
        on_overflow: OnOverflow,
        max_message_bytes: int,
        send_bound: int,
        on_shutdown: Callable[[], None] | None = None,
    ) -> None:
        """Hand an accepted socket over to a session, which is told of everything from now on; see `transport`.

        What has arrived before, and an end that has come before, the session hears of within this call. More than
        `send_bound` bytes waiting for the peer is an overflow. `on_shutdown` is called when the server stops, and sees
        to it that the socket is closed soon; without it that is done here, with 1012.
        """
        conversation = self._conversation
        if conversation is None or self._reader is None:
            raise RuntimeError("only an accepted WebSocket can be detached, and only once")
        self._conversation = None
        self._on_message, self._on_close, self._on_overflow = on_message, on_close, on_overflow
        self._on_shutdown = on_shutdown
        self._reader.max_message_bytes = max_message_bytes
        self._send_bound = send_bound
        if self.state is State.OPEN and self.pending_bytes > send_bound:
            self._report_overflow()
        for message in conversation.detach():
            self._on_message(message)
        if self.state is State.OPEN:
            self._transport.resume_reading()
        else:
            self._report_close()

    # The Transport port

    @property
    def pending_bytes(self) -> int:
        return 0 if self.state is State.CLOSED else self._transport.get_write_buffer_size()

    @property
    def is_behind(self) -> bool:
        # With a descriptor nothing is pending.
        return self.descriptor == NOT_DIRECT and self.pending_bytes * SIGNAL_SHARE > self._send_bound

    def write(self, chunk: Chunk, /) -> None:
        if self.state is State.OPEN:
            self._transport.write(cast("bytes", chunk))  # as the chunks of these framings are
            if self.descriptor == NOT_DIRECT and self.pending_bytes > self._send_bound:
                # Perhaps in the midst of a broadcast over many sockets: say so afterwards.
                self._loop.call_soon(self._report_overflow)

    def write_rest(self, chunk: Chunk, /) -> None:
        """Write what a broadcast could not, and be ready for the next one.

        Finding the descriptor takes as long as two system calls, which is for the first event and not for a crowd's
        coming in.
        """
        self.write(chunk)
        if self.state is State.OPEN and not self._has_broadcasts:
            self._has_broadcasts = True
            self._transport.set_write_buffer_limits(high=0)  # it then says whenever something waits, and when no more
            if not self.pending_bytes:
                self.descriptor = self._find_descriptor()

    def ping(self) -> bool:
        if self.state is State.OPEN:
            self._transport.write(_PING_FRAME)
        return True

    def heard(self) -> bool:
        heard, self._heard = self._heard, False
        return heard

    def taken_bytes(self) -> int | None:
        return None if self.state is State.CLOSED else tcp.taken_bytes(self._transport)

    def limit_messages(self, max_message_bytes: int) -> None:
        if self._reader is not None:
            self._reader.max_message_bytes = max_message_bytes

    def pause_reading(self) -> None:
        if self.state is State.OPEN:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self.state is State.OPEN:
            self._transport.resume_reading()

    def close(self, code: int, reason: str) -> None:
        if self.state is State.OPEN:
            self._transport.write(close_frame(code, reason))
            self._begin_closing(code, reason)
            self._loop.call_soon(self._report_close)

    def abort(self) -> None:
        if self.state is State.OPEN:
            self._begin_closing(ABNORMAL)
        if self.state is State.CLOSING:
            self._transport.abort()

    # Handshake

    def _read_head(self, data: bytes) -> None:
        self._early += data
        if self._upgrade is not None:
            self._transport.pause_reading()  # the client doesn't wait for the answer: it has to
            return
        head, end, self._early = self._early.partition(b"\r\n\r\n")
        if len(head) > self._options.max_head_bytes:
            self.refuse(BadRequest(_HEAD_TOO_LARGE))
        elif not end:
            self._early = head
        else:
            self._begin_cycle(lambda: http_upgrade.parse(head + end), Addresses.of(self._transport))

    def _begin_cycle(self, read: Callable[[], Upgrade], addresses: Addresses) -> None:
        try:
            upgrade = read()
            agreed = upgrade.negotiate_deflate() if self._options.deflate else None
        except AppError as error:
            self.refuse(error)
            return
        extension = None
        if agreed is not None:
            self.framing, extension = agreed
        self._upgrade = upgrade
        assert self._conversation is not None
        self._conversation.begin(upgrade, addresses, extension, self._loop)

    def _handshake_timed_out(self) -> None:
        self.refuse(Unavailable("The handshake took too long."))

    # Reading

    def _read(self, data: bytes) -> None:
        assert self._reader is not None
        try:
            for event in self._reader.read(data):
                match event:
                    case str() | bytes():
                        self._on_message(event)
                    case Ping():
                        self._answer(event)
                    case Close():
                        self._peer_closed(event)
                    case Failure():
                        self._fail(event)
        except Exception:  # the boundary of the session: another socket must not suffer for its fault
            logger.exception("a session failed on a message")
            self.close(INTERNAL_ERROR, "internal error")

    def _answer(self, ping: Ping) -> None:
        if self.state is State.OPEN and self.pending_bytes <= MAX_PENDING_FOR_PONG:
            self._transport.write(frame(PONG, ping.payload))

    def _peer_closed(self, close: Close) -> None:
        """Both have said so now: the server ends the connection (RFC 6455, 7.1.1)."""
        if self.state is State.OPEN:
            self._transport.write(close_frame(close.code, close.reason))
            self._begin_closing(close.code, close.reason)
            self._report_close()
        self._transport.close()

    def _fail(self, failure: Failure) -> None:
        """Close, without a hope to find an answer in what still comes. That is read nevertheless, and dropped.

        A connection closed with unread data is reset, and a peer that is still sending would not see the close code.
        """
        if self.state is State.OPEN:
            self._transport.write(close_frame(failure.code, failure.reason))
            self._begin_closing(failure.code, failure.reason)
            self._report_close()
        if self._transport.can_write_eof():
            self._transport.write_eof()

    # Ending

    def _begin_closing(self, code: int, reason: str = "") -> None:
        self._code = code
        if self._conversation is not None:
            self._conversation.close_reason = reason
        self.state = State.CLOSING
        self.descriptor = NOT_DIRECT  # nothing follows a close frame
        self._on_message = _ignore
        self._transport.set_write_buffer_limits(high=0)  # resume_writing then tells when the last byte has left
        self._transport.resume_reading()  # to see the peer's answer
        options = self._options
        self._arm(options.drain_seconds if self.pending_bytes else options.close_seconds, self._transport.abort)

    def _report_close(self) -> None:
        on_close = self._on_close
        self._on_message = self._on_close = self._on_overflow = _ignore  # and let go of the session
        on_close(self._code)

    def _report_overflow(self) -> None:
        on_overflow, self._on_overflow = self._on_overflow, _ignore
        on_overflow()

    def _find_descriptor(self) -> int:
        """Where bytes may go past the transport: not under TLS, and where a socket is a file."""
        if sys.platform == "win32" or is_ssl(self._transport):
            return NOT_DIRECT
        below = self._transport.get_extra_info("socket")
        return NOT_DIRECT if below is None else int(below.fileno())

    def _arm(self, seconds: float, action: Callable[[], None]) -> None:
        self._disarm()
        self._timer = self._loop.call_later(seconds, action)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _ignore(*_: object) -> None:
    """In the place of a callback, once the socket is closing."""
