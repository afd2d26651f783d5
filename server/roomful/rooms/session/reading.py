"""The reading side of a socket: how fast a client may send, and when nothing is read from it."""

import asyncio

from roomful.link.transport import Transport

BURST_SECONDS = 5.0
MAX_PAUSE_SECONDS = 5.0
"""A client that was too fast waits no longer than this, then its debt is forgiven: it may bring what it wrote in hours
offline.
"""
MAX_DEBT_SECONDS = 300.0
"""A client that sends more than this in one go is closed."""


class Reading:
    """Pauses the socket while somebody holds it, and while its client is too fast."""

    __slots__ = ("_holds", "_loop", "_paid_until", "_paused_at", "_seconds_each", "_timer", "_transport")

    def __init__(self, transport: Transport, messages_per_second: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._seconds_each = 1.0 / messages_per_second
        self._paid_until = float("-inf")
        self._paused_at = 0.0
        self._holds = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_paused(self) -> bool:
        return self._holds > 0

    def hold(self) -> None:
        """Read nothing until `release` was called as often."""
        self._holds += 1
        self._transport.pause_reading()

    def release(self) -> None:
        self._holds -= 1
        if not self._holds:
            self._transport.resume_reading()

    def count(self) -> bool:
        """Count a message that costs something. False: the client has sent far too many."""
        now = self._loop.time()
        self._paid_until = max(self._paid_until, now - BURST_SECONDS) + self._seconds_each
        debt = self._paid_until - now
        if debt > 0 and self._timer is None:
            self.hold()
            self._paused_at = now
            self._timer = self._loop.call_later(debt, self._paid)
        return debt < MAX_DEBT_SECONDS

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _paid(self) -> None:
        now = self._loop.time()
        left = min(self._paid_until, self._paused_at + MAX_PAUSE_SECONDS) - now
        if left > 0:
            self._timer = self._loop.call_later(left, self._paid)
            return
        self._timer = None
        self._paid_until = min(self._paid_until, now)
        self.release()
