"""The outbound side of one socket."""

import asyncio
import math
import time

from roomful.link.transport import Transport

ROOM_POLL_SECONDS = 0.05


class Connection:
    """Writes to one socket until it is closed. Never waits for the reader.

    The transport bounds what a slow reader leaves unread, and calls `on_overflow` beyond that: the reader is cut off,
    reconnects, and recovers.
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
        """Write messages in order."""
        if not self._has_ended:
            self.transport.write(self.transport.framing.frame(messages, text=self._is_text))

    async def has_room(self, max_pending_bytes: int, *, within_seconds: float = math.inf) -> bool:
        """Wait until at most this many bytes are pending. False if the connection ends first, or it takes too long.

        Polls: transports don't report it, and asking is cheap.
        """
        until = time.monotonic() + within_seconds
        while not self._has_ended and self.transport.pending_bytes > max_pending_bytes:
            if time.monotonic() > until:
                return False
            await asyncio.sleep(ROOM_POLL_SECONDS)
        return not self._has_ended

    def is_moving(self) -> bool:
        """Whether bytes were pending at the last call of this, and the peer has taken some of them since.

        Called before each ping, and when the pong is late: then the ping may still wait behind earlier bytes.
        """
        before, self._taken = self._taken, self.transport.taken_bytes()
        return before is not None and self._taken != before

    def close(self, code: int, reason: str) -> bool:
        """Close, once. False if it had ended before."""
        if self._has_ended:
            return False
        self._has_ended = True
        self.transport.close(code, reason)
        return True

    def lost(self) -> None:
        """The socket is gone."""
        self._has_ended = True
