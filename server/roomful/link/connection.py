"""The outbound side of one socket."""

import asyncio
import math
import time

from roomful.link.transport import Transport

ROOM_POLL_SECONDS = 0.05


class Connection:
    """Writes to one socket until it is closed; never waits for the reader.

    What a reader has not taken is bounded by its transport, which calls `on_overflow`: the reader is cut off,
    comes back, and recovers.
    """

    __slots__ = ("_has_ended", "_is_text", "_taken", "transport")

    def __init__(self, transport: Transport, *, is_text: bool) -> None:
        self.transport = transport
        self._is_text = is_text
        self._has_ended = False
        self._taken: int | None = None

    @property
    def has_ended(self) -> bool:
        return self._has_ended

    def send(self, *messages: bytes) -> None:
        """Write messages in order, behind all that was written."""
        if not self._has_ended:
            self.transport.write(self.transport.framing.frame(messages, text=self._is_text))

    async def has_room(self, max_pending_bytes: int, *, within_seconds: float = math.inf) -> bool:
        """Wait until no more than this waits to be sent; False when it ends before, or that takes too long.

        Transports don't tell, and a look is cheap.
        """
        until = time.monotonic() + within_seconds
        while not self._has_ended and self.transport.pending_bytes > max_pending_bytes:
            if time.monotonic() > until:
                return False
            await asyncio.sleep(ROOM_POLL_SECONDS)
        return not self._has_ended

    def is_moving(self) -> bool:
        """Whether something was on its way to the peer when this was asked last, and some of it has been taken since.

        Asked before each ping, and when its answer is late: that stands behind what was before the ping.
        """
        before, self._taken = self._taken, self.transport.taken_bytes()
        return before is not None and self._taken != before

    def close(self, code: int, reason: str) -> bool:
        """Close, once. False: it had ended before."""
        if self._has_ended:
            return False
        self._has_ended = True
        self.transport.close(code, reason)
        return True

    def lost(self) -> None:
        """The socket is gone."""
        self._has_ended = True
