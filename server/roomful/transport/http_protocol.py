"""uvicorn's HTTP protocol with a patience of its own.

uvicorn waits for ever for the head of a request that comes byte by byte, keeps whatever it is made of, answers what is
no HTTP in a shape and with a log line of its own, and keeps an answer for as long as its reader dawdles.
"""

from asyncio import TimerHandle, Transport
from collections.abc import Callable
from typing import Any, Protocol

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from roomful.errors import AppError, BadRequest, RateLimited
from roomful.transport.slow_answers import SlowAnswers
from roomful.transport.unauthenticated import Place
from roomful.transport.websocket import tcp
from roomful.transport.websocket.asgi_cycle import Addresses
from roomful.transport.websocket.http_upgrade import Request
from roomful.transport.websocket.options import DEFAULTS, SocketOptions
from roomful.transport.websocket.protocol import WebSocketProtocol

MAX_HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 10.0

_TOO_LARGE = "The request line and headers are too large."

EXTENSION = "roomful.http"
"""Under which the scope of a request has the connection's transport: to bound what the system buffers, and to abort."""


class _HeadTooLarge(Exception):
    """Ends the parser's work on what it has been fed."""


class ConnectionGate(Protocol):
    """Limits how many connections of an address have not sent the head of a request yet."""

    def enter(self, address: str, /) -> Place:
        """A place to be left when the head has come, or the connection is lost. Raises RateLimited."""


class HttpProtocol(HttpToolsProtocol):
    """One connection. A head has 10 s and 64 KiB; an idle connection whose peer only dribbles is closed as well.

    `silent_connections` limits how many of an address have sent no head. `slow_answers` watches over the readers of
    large answers. A response that never ends calls `begin_endless`, and bounds what waits for its reader itself.
    """

    def __init__(
        self,
        *arguments: Any,
        slow_answers: SlowAnswers | None = None,
        silent_connections: ConnectionGate | None = None,
        options: SocketOptions = DEFAULTS,
        **settings: Any,
    ) -> None:
        super().__init__(*arguments, **settings)
        self._options = options
        self._silent_connections = silent_connections
        self._place: Place | None = None
        self._is_endless = False
        self._on_gone: Callable[[], None] | None = None
        self._slow_answers = slow_answers or SlowAnswers()
        self._deadline: TimerHandle | None = None
        self._is_in_head = self._is_in_body = False
        self._has_body_come = False
        self._head_bytes = self._bodiless_bytes = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as the base class has it
        # What the base class does, but for the ends: it asks the socket itself for them, by objects made for that, and
        # the loop has known them since it accepted the connection.
        self.connections.add(self)
        self.transport = transport
        self.flow = FlowControl(transport)
        self.server, self.client, is_secure = Addresses.of(transport)
        self.scheme = "https" if is_secure else "http"
        if self._silent_connections is not None:
            try:
                self._place = self._silent_connections.enter(self.client[0] if self.client else "")
            except RateLimited as refused:
                self._refuse(refused)
                return
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_has_come()
        super().connection_lost(exc)
        if self._on_gone is not None:
            self._on_gone()

    def pause_writing(self) -> None:
        super().pause_writing()
        if not self._is_endless:
            self._slow_answers.enter(self.transport)

    def begin_endless(self, on_gone: Callable[[], None]) -> bool:
        """What is answered now is a stream: it is bounded as sockets are.

        True: the whole request has come, and `on_gone` is called when the reader is gone. False: the rest of the
        request is to be read from `receive`, which says so.
        """
        self._is_endless = True
        tcp.tune(self.transport, self._options)
        if self._is_in_body:
            return False
        self._on_gone = on_gone
        if self.transport.is_closing():
            on_gone()
        return True

    def end_endless(self) -> None:
        self._is_endless = False
        self._on_gone = None

    def data_received(self, data: bytes) -> None:
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
            # Else trailers and the extensions of chunks would have no bound: they are no body to anybody.
            self._bodiless_bytes = 0 if self._has_body_come else self._bodiless_bytes + len(data)
            if self._bodiless_bytes > MAX_HEAD_BYTES:
                self._refuse(BadRequest(_TOO_LARGE))
                return
        if self._deadline is None and self._is_between_requests:
            self._await_head()

    def handle_websocket_upgrade(self) -> None:
        """Hand the request over as it was read: uvicorn writes it down again for the other protocol to read."""
        make: Any = self.ws_protocol_class  # there is one, as uvicorn has seen; ours is no class but a partial
        protocol = make(self.config, self.server_state, self.app_state, self.loop)
        if not isinstance(protocol, WebSocketProtocol):
            super().handle_websocket_upgrade()
            return
        self.connections.discard(self)
        request = Request(self.scope["method"].encode(), self.url, self.headers)
        protocol.take_over(self.transport, request, Addresses(self.server, self.client, self.scheme == "https"))
        self.transport.set_protocol(protocol)
        del self.parser  # which holds this, and would keep both until the garbage collector comes

    def on_message_begin(self) -> None:
        self._is_in_head = True
        super().on_message_begin()
        self.scope["extensions"] = {EXTENSION: self.transport}  # type: ignore[dict-item]  # the object itself

    def on_headers_complete(self) -> None:
        self._head_has_come()
        if Request(b"", self.url, self.headers).size_bytes > MAX_HEAD_BYTES:  # all of it in one read
            raise _HeadTooLarge
        self._is_in_body = True
        self._bodiless_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._has_body_come = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_in_body = False
        super().on_message_complete()

    @property
    def _is_between_requests(self) -> bool:
        """Nothing is being answered: what comes is a head, the rest of a body that nobody read, or noise."""
        latest: RequestResponseCycle | None = getattr(self, "cycle", None)  # None before the first, whatever its type
        return latest is None or latest.response_complete

    def _await_head(self) -> None:
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._lose_patience)

    def _head_has_come(self) -> None:
        if self._place is not None:
            self._place.leave()
            self._place = None
        self._is_in_head = False
        self._head_bytes = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _lose_patience(self) -> None:
        if self._is_in_head:
            self._refuse(BadRequest("The request took too long to arrive."))
        elif not self.transport.is_closing():
            self.transport.close()

    def _refuse(self, error: AppError) -> None:
        """Answer in place of the application, then close. Not logged: anybody can send anything, at any rate."""
        if self.transport.is_closing():
            return
        # To a body that goes wrong when its request has been answered there is nothing to say.
        awaits_answer = not self.cycle.response_started if self._is_in_body else self._is_between_requests
        if awaits_answer:
            self.transport.write(self._options.render_error(error, self.server_state.default_headers))
        self.transport.close()
