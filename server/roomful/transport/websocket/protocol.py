"""The protocol class of uvicorn's WebSockets, which are transports of the engine once they are detached."""

import asyncio
import functools
from collections.abc import Callable
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from roomful.errors import AppError, Unavailable
from roomful.link.transport import SIGNAL_SHARE, Chunk, Framing, OnClose, OnMessage, OnOverflow
from roomful.transport.callbacks import Callbacks
from roomful.transport.websocket import incoming, tcp
from roomful.transport.websocket.asgi_cycle import AsgiCycle, State
from roomful.transport.websocket.deadline import end_deadline, new_deadline
from roomful.transport.websocket.direct import NOT_DIRECT, DirectSocket, find_descriptor
from roomful.transport.websocket.frames import ABNORMAL, PING_FRAME, PLAIN, RESTART, TOO_BIG, close_frame, frame
from roomful.transport.websocket.http_upgrade import Headers, Request
from roomful.transport.websocket.opening import Opening
from roomful.transport.websocket.options import DEFAULTS, SocketOptions
from roomful.transport.websocket.reader import FrameReader
from roomful.transport.websocket.scope import Addresses


def websocket_protocol(options: SocketOptions) -> type[asyncio.Protocol]:
    """The value of uvicorn's `ws=`, with these options. Can be pickled for worker processes."""
    # uvicorn types its setting as a class, and only calls it
    return cast("type[asyncio.Protocol]", functools.partial(WebSocketProtocol, options=options))


class WebSocketProtocol(DirectSocket, asyncio.Protocol):
    """An ordinary ASGI WebSocket until its route detaches it, and then a Transport of the engine.

    After accepting, a route may `detach` the object under `EXTENSION` in the scope's extensions, and return. Its task,
    scope and Starlette objects are then freed. Reads go straight from the loop to the session, writes straight to the
    loop's transport or to the descriptor (`direct`): an open socket has no task or queue.

    Closing waits for the other side, so that a reset does not lose the close code. The wait is bounded, so that the
    descriptor is released whatever the peer does.
    """

    __slots__ = (
        "_code",
        "_cycle",
        "_deadline",
        "_has_broadcasts",
        "_heard",
        "_loop",
        "_on_shutdown",
        "_opening",
        "_options",
        "_reader",
        "_send_bound",
        "_server_state",
        "callbacks",
        "framing",
        "state",
        "transport",
    )

    framing: Framing
    transport: asyncio.Transport

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
        self._cycle: AsgiCycle | None = AsgiCycle(self, config, server_state, app_state)
        self.callbacks = Callbacks(self._cycle.on_message, self._cycle.on_close)
        self._on_shutdown: Callable[[], None] | None = None
        self._opening: Opening | None = None
        self._reader: FrameReader | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._heard, self._has_broadcasts = True, False
        self._code = ABNORMAL
        self.state = State.HANDSHAKE
        self.framing = PLAIN
        self.descriptor = NOT_DIRECT
        self._send_bound = 0

    # From the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert self._cycle is not None
        self.transport = cast("asyncio.Transport", transport)  # a stream, as uvicorn listens on nothing else
        self._server_state.connections.add(cast("Any", self))  # its type lists uvicorn's own classes
        tcp.tune(self.transport, self._options)
        self._opening = Opening(self, self.transport, self._cycle, self._options, self._loop)
        self._deadline = self._loop.call_later(self._options.handshake_seconds, self._opening.time_out)

    def take_over(self, transport: asyncio.Transport, request: Request, addresses: Addresses) -> None:
        """Begin with a request that an HTTP protocol has read on this connection."""
        self.connection_made(transport)
        assert self._opening is not None
        self._opening.begin(request, addresses)

    def data_received(self, data: bytes) -> None:
        self._heard = True
        if self._reader is not None:
            incoming.receive(self, self._reader, data)
        elif self._opening is not None and self.state is State.HANDSHAKE:
            self._opening.receive(data)

    def eof_received(self) -> None:
        """Let the loop close the connection: the peer sends nothing more."""

    def connection_lost(self, exc: Exception | None) -> None:
        end_deadline(self._deadline)
        self._server_state.connections.discard(cast("Any", self))
        # The loop closes the descriptor after this call, and the system may give it to the next connection.
        self.descriptor = NOT_DIRECT
        self.state = State.CLOSED
        self._opening = None
        self.callbacks.close(self._code)

    def pause_writing(self) -> None:
        """The transport has pending bytes. Called inside its `write`, perhaps amid a broadcast."""
        self.descriptor = NOT_DIRECT
        if self._cycle is not None:
            self._cycle.pause_writing()

    def resume_writing(self) -> None:
        """The transport has no pending bytes."""
        if self._cycle is not None:
            self._cycle.resume_writing()
        elif self.state is State.OPEN and self._has_broadcasts:
            self.descriptor = find_descriptor(self.transport)
        if self.state is State.CLOSING:  # the close frame has left too
            self._deadline = new_deadline(self._deadline, self._loop, self._options.close_seconds, self.transport.abort)

    def shutdown(self) -> None:
        """Close: the server stops, and waits for its connections."""
        if self.state is State.HANDSHAKE:
            self.refuse(Unavailable("The server is about to stop."))
        elif self._on_shutdown is not None:
            self._on_shutdown()
        else:
            self.close(RESTART, "server restart")

    # From the application, before it detaches

    def accept(self, headers: Headers) -> None:
        """Open the socket, with these headers of the application."""
        opening, self._opening = self._opening, None
        assert opening is not None
        assert self._cycle is not None
        self.transport.write(opening.answer(headers))
        self.framing = opening.framing
        self._reader = FrameReader(
            max_message_bytes=self._cycle.max_message_bytes,
            max_fragments=self._options.max_fragments,
            max_frames_per_second=self._options.max_frames_per_second,
            inflates=self.framing is not PLAIN,
        )
        self.state = State.OPEN
        end_deadline(self._deadline)
        self._deadline = None
        if opening.early:
            self.transport.resume_reading()
            incoming.receive(self, self._reader, opening.early)

    def refuse(self, error: AppError) -> None:
        self.deny(self._options.render_error(error, self._server_state.default_headers))

    def deny(self, response: bytes) -> None:
        """Answer the handshake with this HTTP response instead."""
        self.transport.write(response)
        self._begin_closing(ABNORMAL)
        self._loop.call_soon(self.callbacks.close, ABNORMAL)
        self.transport.close()

    def send(self, opcode: int, payload: bytes) -> None:
        self.transport.write(frame(opcode, payload))

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
        """Hand an accepted socket over to a session, which gets all callbacks of `link.transport` from now on.

        Earlier messages, and an earlier close, reach the session within this call. More than `send_bound` pending bytes
        are an overflow. `on_shutdown` is called when the server stops, and must get the socket closed soon; without it
        the socket closes itself, with 1012.
        """
        cycle = self._cycle
        if cycle is None or self._reader is None:
            raise RuntimeError("only an accepted WebSocket can be detached, and only once")
        self._cycle = None
        self.callbacks.attach(on_message, on_close, on_overflow)
        self._on_shutdown = on_shutdown
        self._reader.limit_messages(max_message_bytes, TOO_BIG)
        self._send_bound = send_bound
        if self.state is State.OPEN and self.pending_bytes > send_bound:
            self.callbacks.overflow()
        for message in cycle.detach():
            self.callbacks.message(message)
        if self.state is State.OPEN:
            self.transport.resume_reading()
        else:
            self.callbacks.close(self._code)

    # The Transport port

    @property
    def pending_bytes(self) -> int:
        return 0 if self.state is State.CLOSED else self.transport.get_write_buffer_size()

    @property
    def is_behind(self) -> bool:
        # A socket with a descriptor has nothing pending.
        return self.descriptor == NOT_DIRECT and self.pending_bytes * SIGNAL_SHARE > self._send_bound

    def write(self, chunk: Chunk, /) -> None:
        if self.state is State.OPEN:
            self.transport.write(cast("bytes", chunk))  # as the chunks of these framings are
            if self.descriptor == NOT_DIRECT and self.pending_bytes > self._send_bound:
                self._loop.call_soon(self.callbacks.overflow)  # later: this may be amid a broadcast

    def write_rest(self, chunk: Chunk, /) -> None:
        """Write the bytes that a broadcast could not, and find the descriptor for the next one.

        At the first broadcast and not at the opening, which many clients may do at once.
        """
        self.write(chunk)
        if self.state is State.OPEN and not self._has_broadcasts:
            self._has_broadcasts = True
            self.transport.set_write_buffer_limits(high=0)  # to be told whenever bytes are pending
            if not self.pending_bytes:
                self.descriptor = find_descriptor(self.transport)

    def ping(self) -> bool:
        if self.state is State.OPEN:
            self.transport.write(PING_FRAME)
        return True

    def heard(self) -> bool:
        heard, self._heard = self._heard, False
        return heard

    def taken_bytes(self) -> int | None:
        return None if self.state is State.CLOSED else tcp.taken_bytes(self.transport)

    def limit_messages(self, max_message_bytes: int, *, close_code: int = TOO_BIG) -> None:
        if self._reader is not None:
            self._reader.limit_messages(max_message_bytes, close_code)

    def pause_reading(self) -> None:
        if self.state is State.OPEN:
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        if self.state is State.OPEN:
            self.transport.resume_reading()

    def close(self, code: int, reason: str) -> None:
        if self.send_close(code, reason):
            self._loop.call_soon(self.callbacks.close, code)

    def abort(self) -> None:
        if self.state is State.OPEN:
            self._begin_closing(ABNORMAL)
        if self.state is State.CLOSING:
            self.transport.abort()

    # Closing

    def send_close(self, code: int, reason: str) -> bool:
        """Send a close frame, and wait for the end of the connection. False: the socket is not open."""
        if self.state is not State.OPEN:
            return False
        self.transport.write(close_frame(code, reason))
        self._begin_closing(code, reason)
        return True

    def _begin_closing(self, code: int, reason: str = "") -> None:
        self._code = code
        if self._cycle is not None:
            self._cycle.closing(reason)
        self.state = State.CLOSING
        self.descriptor = NOT_DIRECT  # nothing follows a close frame
        self.callbacks.end_messages()
        self.transport.set_write_buffer_limits(high=0)  # so that resume_writing tells when the last byte has left
        self.transport.resume_reading()  # to see the peer's answer
        seconds = self._options.drain_seconds if self.pending_bytes else self._options.close_seconds
        self._deadline = new_deadline(self._deadline, self._loop, seconds, self.transport.abort)
