"""Keepalive pings, for sockets that stay with their ASGI application. A detached socket's session has its own."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from roomful.transport.websocket.frames import INTERNAL_ERROR


class Pinged(Protocol):
    def ping(self) -> bool: ...
    def heard(self) -> bool: ...
    def close(self, code: int, reason: str) -> None: ...


class Keepalive:
    """Closes the socket with 1011 when nothing comes from the peer within the timeout after a ping.

    `is_unread` tells whether reading is paused because the application receives nothing: a pong may wait behind that.
    """

    def __init__(
        self, socket: Pinged, *, interval_seconds: float, timeout_seconds: float | None, is_unread: Callable[[], bool]
    ) -> None:
        self._socket = socket
        self._interval_seconds = interval_seconds
        self._timeout_seconds = timeout_seconds
        self._is_unread = is_unread
        self._timer = asyncio.get_running_loop().call_later(interval_seconds, self._ping)

    def stop(self) -> None:
        self._timer.cancel()

    def _ping(self) -> None:
        self._socket.heard()  # earlier data is no answer to this ping
        if not self._socket.ping():
            return
        if self._timeout_seconds is None:
            self._schedule(self._interval_seconds, self._ping)
        else:
            self._schedule(self._timeout_seconds, self._expect)

    def _expect(self) -> None:
        if self._socket.heard() or self._is_unread():
            self._schedule(self._interval_seconds, self._ping)
        else:
            self._socket.close(INTERNAL_ERROR, "keepalive ping timeout")

    def _schedule(self, seconds: float, action: Callable[[], None]) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, action)
