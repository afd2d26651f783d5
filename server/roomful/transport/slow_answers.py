"""Slow readers of large responses."""

import asyncio
import logging
import time

from roomful.transport.websocket import tcp

logger = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
GRACE_SECONDS = 15.0
LEAST_BYTES_PER_SECOND = 4 * 1024
"""On average after the grace period. Three readers that share 100 kbit/s are as fast."""
MAX_WAITING_BYTES = 64 * 1024 * 1024
"""In one process, for readers that have had pending bytes since the last look."""
LOG_SECONDS = 60.0


class SlowAnswers:
    """Drops the connections of readers that read less than LEAST_BYTES_PER_SECOND of their response.

    A response is in memory until it has been read, so it may not wait for ever. If more than MAX_WAITING_BYTES are
    pending in all, the largest go first. Responses that fit into the system's and the loop's buffers don't count.
    """

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Transport, tuple[float, int]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._logged_at = -LOG_SECONDS
        self.dropped = 0

    def enter(self, connection: asyncio.Transport) -> None:
        """Watch a connection with pending bytes until they have been read. Idempotent."""
        if connection not in self._waiting:
            self._waiting[connection] = (time.monotonic(), tcp.taken_bytes(connection) or 0)
            self._schedule()

    def _schedule(self) -> None:
        if self._timer is None and self._waiting:
            self._timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._timer = None
        now = time.monotonic()
        sizes: dict[asyncio.Transport, int] = {}
        for connection, (since, taken_then) in list(self._waiting.items()):
            taken, size = tcp.taken_bytes(connection), connection.get_write_buffer_size()
            if taken is None or not size:  # a closing connection keeps its buffer until it is read
                del self._waiting[connection]
            elif taken - taken_then < LEAST_BYTES_PER_SECOND * (now - since - GRACE_SECONDS):
                self._drop(connection)
            elif now - since >= LOOK_SECONDS / 2:
                sizes[connection] = size
        excess = sum(sizes.values()) - MAX_WAITING_BYTES
        for connection in sorted(sizes, key=sizes.__getitem__, reverse=True):
            if excess <= 0:
                break
            excess -= sizes[connection]
            self._drop(connection)
        self._schedule()

    def _drop(self, connection: asyncio.Transport) -> None:
        del self._waiting[connection]
        connection.abort()
        self.dropped += 1
        if time.monotonic() - self._logged_at >= LOG_SECONDS:
            self._logged_at = time.monotonic()
            logger.info("dropped a reader that was too slow for its answer", extra={"dropped_so_far": self.dropped})
