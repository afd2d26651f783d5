"""The opening of one WebSocket: from the first bytes of its request until the application accepts it."""

import asyncio
from typing import Protocol

from roomful.errors import AppError, BadRequest, Unavailable
from roomful.link.transport import Framing
from roomful.transport.websocket import http_upgrade
from roomful.transport.websocket.asgi_cycle import AsgiCycle
from roomful.transport.websocket.frames import PLAIN
from roomful.transport.websocket.http_upgrade import Headers, Request, Upgrade
from roomful.transport.websocket.options import SocketOptions
from roomful.transport.websocket.scope import Addresses

_HEAD_TOO_LARGE = "The request line and headers are too large."


class OpeningSocket(Protocol):
    def refuse(self, error: AppError) -> None:
        """Answer the request with an error, and close."""


class Opening:
    """Reads and checks the request, and runs the application's cycle for it."""

    __slots__ = ("_cycle", "_loop", "_options", "_socket", "_transport", "_upgrade", "early", "framing")

    def __init__(
        self,
        socket: OpeningSocket,
        transport: asyncio.Transport,
        cycle: AsgiCycle,
        options: SocketOptions,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._socket = socket
        self._transport = transport
        self._cycle = cycle
        self._options = options
        self._loop = loop
        self._upgrade: Upgrade | None = None
        self.early = b""
        """Data that came before the answer, for which the client should have waited."""
        self.framing: Framing = PLAIN

    def begin(self, request: Request, addresses: Addresses) -> None:
        """Open with a request that an HTTP protocol has read."""
        try:
            if request.size_bytes > self._options.max_head_bytes:
                raise BadRequest(_HEAD_TOO_LARGE)
            self._begin_cycle(http_upgrade.check(request), addresses)
        except AppError as error:
            self._socket.refuse(error)

    def receive(self, data: bytes) -> None:
        self.early += data
        if self._upgrade is not None:
            self._transport.pause_reading()
            return
        head, end, self.early = self.early.partition(b"\r\n\r\n")
        try:
            if len(head) > self._options.max_head_bytes:
                raise BadRequest(_HEAD_TOO_LARGE)
            if not end:
                self.early = head
                return
            self._begin_cycle(http_upgrade.parse(head + end), Addresses.of(self._transport))
        except AppError as error:
            self._socket.refuse(error)

    def time_out(self) -> None:
        self._socket.refuse(Unavailable("The handshake took too long."))

    def answer(self, headers: Headers) -> bytes:
        """The response that opens the socket."""
        assert self._upgrade is not None
        return http_upgrade.switch(self._upgrade.key, headers)

    def _begin_cycle(self, upgrade: Upgrade, addresses: Addresses) -> None:
        """Raises AppError."""
        extension = None
        if self._options.deflate and (agreed := upgrade.negotiate_deflate()) is not None:
            self.framing, extension = agreed
        self._upgrade = upgrade
        self._cycle.begin(upgrade, addresses, extension, self._loop)
