"""uvicorn's HTTP protocol, with timeouts and bounds.

uvicorn waits for ever for the head of a request that comes byte by byte, of any size. It answers invalid HTTP in its
own form, with a log line, and it keeps a response as long as its reader is slow.
"""

from asyncio import AbstractEventLoop, TimerHandle, Transport, get_running_loop
from typing import Any, Protocol

import httptools
from starlette.types import Scope
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from roomful.errors import AppError, BadRequest, RateLimited
from roomful.transport.slow_answers import SlowAnswers
from roomful.transport.stream_body import Body
from roomful.transport.stream_connection import StreamConnection
from roomful.transport.unauthenticated import Place
from roomful.transport.websocket import http_upgrade, tcp
from roomful.transport.websocket.http_upgrade import Request
from roomful.transport.websocket.options import DEFAULTS, SocketOptions
from roomful.transport.websocket.protocol import WebSocketProtocol
from roomful.transport.websocket.scope import Addresses

MAX_HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 10.0

_TOO_LARGE = "The request line and headers are too large."

EXTENSION = "roomful.http"
"""The key of the connection's transport in a request's scope: to bound what the system buffers, and to abort."""


class _HeadTooLarge(Exception):
    """Stops the parser."""


class ConnectionGate(Protocol):
    """Limits how many connections of an address have not sent the head of a request."""

    def enter(self, address: str, /) -> Place:
        """A place to leave when the head has come, or the connection is lost. Raises RateLimited."""

    def idle_seconds(self, address: str, /) -> int:
        """How long a connection of the address is kept between two requests."""

    def is_trusted(self, address: str, /) -> bool:
        """Whether it is a trusted proxy's."""


class HttpProtocol(HttpToolsProtocol):
    """One connection. A head has 10 s and 64 KiB; an idle connection whose peer only sends bits of one is closed too.

    A proxy opens connections in advance: one of a trusted proxy may be silent as long as between two requests.
    The parser and the other parts for ordinary requests are made only for first bytes that are no plain WebSocket
    handshake (docs/decisions/0016).

    `silent_connections` limits how many of an address have sent no head. `slow_answers` drops slow readers of large
    responses. A response that never ends calls `detach`, or else `begin_endless`, and bounds its pending bytes itself.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
        *,
        slow_answers: SlowAnswers | None = None,
        silent_connections: ConnectionGate | None = None,
        options: SocketOptions = DEFAULTS,
    ) -> None:
        if not config.loaded:
            config.load()
        self.config = config
        self.server_state = server_state
        self.app_state = app_state
        self.loop = _loop or get_running_loop()
        self._has_parser = False
        self._options = options
        self._silent_connections = silent_connections
        self._place: Place | None = None
        self._is_endless = False
        self._answering: RequestResponseCycle | None = None
        self._slow_answers = slow_answers or SlowAnswers()
        self._deadline: TimerHandle | None = None
        self._is_in_head = self._is_in_body = False
        self._has_body_come = False
        self._head_bytes = self._bodiless_bytes = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as the base class has it
        self.transport = transport
        self.server_state.connections.add(self)
        self._addresses = Addresses.of(transport)
        if self._silent_connections is not None:
            try:
                self._place = self._silent_connections.enter(self._peer)
            except RateLimited as refused:
                self._refuse(refused)
                return
        gate = self._silent_connections
        self._await_head(gate.idle_seconds(self._peer) if gate and gate.is_trusted(self._peer) else None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_has_come()
        if self._has_parser:
            super().connection_lost(exc)
        else:
            self.server_state.connections.discard(self)

    def shutdown(self) -> None:
        if self._has_parser:
            super().shutdown()
        else:
            self.transport.close()

    def pause_writing(self) -> None:
        if self._has_parser:
            super().pause_writing()
        if not self._is_endless:
            self._slow_answers.enter(self.transport)

    def resume_writing(self) -> None:
        if self._has_parser:
            super().resume_writing()

    def begin_endless(self) -> None:
        """The present response is a stream, which is bounded as sockets are."""
        self._is_endless = True
        tcp.tune(self.transport, self._options)

    def end_endless(self) -> None:
        self._is_endless = False

    def detach(self, scope: Scope, body: Body, *, send_bound: int) -> StreamConnection | None:
        """Give the connection to a stream, of whose response to this request the head has been sent.

        A request behind it would never be answered, and is dropped. None while a body is still to come.
        """
        cycle = self._answering
        is_begun = cycle is not None and cycle.scope is scope and cycle.response_started and cycle.chunked_encoding
        if cycle is None or not is_begun or self._is_in_body or self.transport.is_closing():
            return None
        cycle.response_complete = True  # for uvicorn, which has no more to do with it
        tcp.tune(self.transport, self._options)
        self.connections.discard(self)
        stream = StreamConnection(self.transport, self.server_state, self.loop, body, send_bound=send_bound)
        self.flow.resume_reading()
        self.transport.set_protocol(stream)
        del self.parser  # which holds this, and would keep both until the garbage collector comes
        return stream

    def data_received(self, data: bytes) -> None:
        if not self._has_parser:
            handshake = http_upgrade.read_plain(data)
            if handshake is not None and self._hand_over(handshake):
                self._head_has_come()
                return
            self._make_parser()
        self._unset_keepalive_if_required()
        self._has_body_come = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as error:
            is_too_large = isinstance(error.__context__, _HeadTooLarge)
            self._refuse(BadRequest(_TOO_LARGE if is_too_large else "This is not an HTTP request."))
            return
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
                return
        if self._is_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(BadRequest(_TOO_LARGE))
                return
        elif self._is_in_body:
            # A bound for trailers and chunk extensions, which don't count as body.
            self._bodiless_bytes = 0 if self._has_body_come else self._bodiless_bytes + len(data)
            if self._bodiless_bytes > MAX_HEAD_BYTES:
                self._refuse(BadRequest(_TOO_LARGE))
                return
        if self._deadline is None and self._is_between_requests:
            self._await_head()

    def handle_websocket_upgrade(self) -> None:
        """Hand the request over as it was read. uvicorn would serialize it for the other protocol to parse again."""
        if self._hand_over(Request(self.scope["method"].encode(), self.url, self.headers)):
            del self.parser  # a reference cycle, which would last until the garbage collector runs
        else:
            super().handle_websocket_upgrade()

    def _hand_over(self, handshake: Request) -> bool:
        """Hand the connection over to our own WebSocket protocol. False: the server has another one."""
        make: Any = self.config.ws_protocol_class  # ours is no class but a partial
        protocol = make and make(self.config, self.server_state, self.app_state, self.loop)
        if not isinstance(protocol, WebSocketProtocol):
            return False
        self.server_state.connections.discard(self)
        protocol.take_over(self.transport, handshake, self._addresses)
        self.transport.set_protocol(protocol)
        return True

    @property
    def _peer(self) -> str:
        """Its address; empty on a Unix socket."""
        client = self._addresses.client
        return client[0] if client else ""

    def _make_parser(self) -> None:
        """Initialize the base class, but with the addresses that the loop knows: it would ask the socket."""
        self._has_parser = True
        transport = self.transport
        super().__init__(self.config, self.server_state, self.app_state, self.loop)
        self.transport = transport
        self.flow = FlowControl(transport)
        self.server, self.client, is_secure = self._addresses
        self.scheme = "https" if is_secure else "http"
        if self._silent_connections is not None:
            self.timeout_keep_alive = self._silent_connections.idle_seconds(self._peer)
            if self._deadline is not None and self._silent_connections.is_trusted(self._peer):
                self._deadline.cancel()
                self._await_head()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def on_message_begin(self) -> None:
        self._is_in_head = True
        super().on_message_begin()
        self.scope["extensions"] = {EXTENSION: self.transport}  # type: ignore[dict-item]  # the object itself

    def on_headers_complete(self) -> None:
        self._head_has_come()
        if Request(b"", self.url, self.headers).size_bytes > MAX_HEAD_BYTES:  # all of it in one read
            raise _HeadTooLarge
        super().on_headers_complete()  # raises if the address is invalid
        self._is_in_body = True
        self._bodiless_bytes = 0

    def on_body(self, body: bytes) -> None:
        self._has_body_come = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_in_body = False
        super().on_message_complete()

    @property
    def _is_between_requests(self) -> bool:
        """No request is being answered: the data is a head, the rest of an unread body, or noise."""
        latest: RequestResponseCycle | None = getattr(self, "cycle", None)  # None before the first, whatever its type
        return latest is None or latest.response_complete

    def _await_head(self, seconds: float | None = None) -> None:
        """HEAD_SECONDS unless another time is given."""
        self._deadline = self.loop.call_later(HEAD_SECONDS if seconds is None else seconds, self._head_timed_out)

    def _head_has_come(self) -> None:
        if self._place is not None:
            self._place.leave()
            self._place = None
        self._is_in_head = False
        self._head_bytes = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _head_timed_out(self) -> None:
        if self._is_in_head:
            self._refuse(BadRequest("The request took too long to arrive."))
        elif not self.transport.is_closing():
            self.transport.close()

    def _refuse(self, error: AppError) -> None:
        """Answer in place of the application, then close. Not logged: anybody can send garbage at any rate."""
        if self.transport.is_closing():
            return
        # An invalid body whose request has been answered gets no second response.
        awaits_answer = not self.cycle.response_started if self._is_in_body else self._is_between_requests
        if awaits_answer:
            self.transport.write(self._options.render_error(error, self.server_state.default_headers))
        self.transport.close()
