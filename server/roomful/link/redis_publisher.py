"""The queue of messages from this process to Redis."""

import asyncio
import contextlib
import time
from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from roomful.link.redis_server import DEADLINE_SECONDS, UNREACHABLE, Link, RedisServer, packed

PART = "publisher"
BATCH = 500
MAX_QUEUED_BYTES = 16 * 1024 * 1024
MAX_QUEUED_BEFORE_SIGNALS = MAX_QUEUED_BYTES // 16
"""Signals are dropped when more than this is queued: Redis is slow, and events come first."""
ENTRY_BYTES = 200
"""The memory that a queued message takes beside its envelope."""
MAX_AGE_SECONDS = 2.0
"""After an outage, cursors of a minute ago are worthless, and subscribers have read the events from the log."""


class _Queued(NamedTuple):
    name: bytes
    envelope: bytes
    queued_at: float


@dataclass(slots=True)
class PublisherCounters:
    published: int = 0
    overflowed: int = 0
    signals_dropped: int = 0
    outdated: int = 0
    failed: int = 0
    """Batches whose reply was lost, or was an error."""
    connects: int = 0


class RedisPublisher:
    """Sends the messages of one turn of the loop in one write, and the next batch when Redis has replied.

    Bounded: a full queue drops its oldest message, and a message older than MAX_AGE_SECONDS is dropped; both are
    counted. A batch whose reply was lost is sent again.
    """

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._queue: deque[_Queued] = deque()
        self._queued_bytes = 0
        self._has_work = asyncio.Event()
        self._is_idle = asyncio.Event()
        self.counters = PublisherCounters()

    @property
    def queued_bytes(self) -> int:
        return self._queued_bytes

    def put(self, name: bytes, envelope: bytes, *, is_signal: bool = False) -> None:
        """Queue a message. Never waits."""
        if is_signal and self._queued_bytes > MAX_QUEUED_BEFORE_SIGNALS:
            self.counters.signals_dropped += 1
            return
        self._queue.append(_Queued(name, envelope, time.monotonic()))
        self._queued_bytes += len(envelope) + ENTRY_BYTES
        while self._queued_bytes > MAX_QUEUED_BYTES:
            self._pop()
            self.counters.overflowed += 1
        self._has_work.set()
        self._is_idle.clear()

    async def run(self) -> None:
        await self._server.keep_linked(PART, self._serve)

    async def flush(self, seconds: float) -> None:
        """Wait until everything has been sent, at most this long."""
        with contextlib.suppress(TimeoutError):  # the other processes miss the rest, as in any outage
            async with asyncio.timeout(seconds):
                await self._is_idle.wait()

    async def _serve(self, link: Link) -> None:
        self.counters.connects += 1
        while True:
            await self._has_work.wait()
            self._drop_outdated()
            batch = list(islice(self._queue, BATCH))
            if not batch:
                self._has_work.clear()
                self._is_idle.set()
                continue
            try:
                await link.send(b"".join([packed(b"PUBLISH", item.name, item.envelope) for item in batch]))
                async with asyncio.timeout(DEADLINE_SECONDS):
                    for _ in batch:
                        await link.read()
            except UNREACHABLE:
                self.counters.failed += 1
                raise
            self._server.found(PART)
            self._forget(batch)

    def _forget(self, batch: list[_Queued]) -> None:
        """Remove a batch that was sent; a full queue may have dropped a part of it meanwhile."""
        self.counters.published += len(batch)
        last = batch[-1]
        if any(item is last for item in islice(self._queue, len(batch))):
            while self._pop() is not last:
                pass

    def _drop_outdated(self) -> None:
        oldest = time.monotonic() - MAX_AGE_SECONDS
        while self._queue and self._queue[0].queued_at < oldest:
            self._pop()
            self.counters.outdated += 1

    def _pop(self) -> _Queued:
        item = self._queue.popleft()
        self._queued_bytes -= len(item.envelope) + ENTRY_BYTES
        return item
