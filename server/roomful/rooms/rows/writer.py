"""The writer of a room: stores updates as rows, some milliseconds apart; those that come in between share one."""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pycrdt import merge_updates

from roomful.concurrency.task_scope import TaskScope
from roomful.rooms.callbacks import ignore
from roomful.rooms.counters import RoomCounters
from roomful.rooms.limits import RoomLimits
from roomful.rooms.peer import Peer
from roomful.rooms.store.port import Head, Refused, Store, StoreUnavailable, UnknownDocument

logger = logging.getLogger(__name__)

MERGED_AT_ONCE = 100
"""Merging takes the square of the number of updates: 0.1 ms for 100, half a second for 10,000."""
MAX_UPDATES = 1000
"""In one row; merging them takes 2 ms."""
MAX_RETRY_SECONDS = 5.0


@dataclass(slots=True)
class _Batch:
    """Updates for one row, their authors, and the clients that wait for it, each with its number of messages."""

    began_at: float
    updates: list[bytes] = field(default_factory=list)
    size_bytes: int = 0
    user_ids: dict[str, None] = field(default_factory=dict)
    waiting: dict[Peer, int] = field(default_factory=dict)
    settled: asyncio.Event = field(default_factory=asyncio.Event)


class Writer:
    """Stores one row at a time, and tells the room of each when it is committed.

    A row that could not be stored is tried again while the room is open, and later rows wait. Nothing is acknowledged
    before it is committed.
    """

    __slots__ = (
        "_batches",
        "_counters",
        "_generation",
        "_idle",
        "_in_flight",
        "_is_closed",
        "_limits",
        "_next_row_at",
        "_on_failing",
        "_on_refused",
        "_on_stored",
        "_slots",
        "_store",
        "_task",
        "_task_scope",
        "_wake",
        "document_id",
        "gathered_bytes",
        "is_failing",
    )

    def __init__(
        self,
        store: Store,
        head: Head,
        document_id: str,
        *,
        limits: RoomLimits,
        counters: RoomCounters,
        task_scope: TaskScope,
        slots: asyncio.Semaphore,
        on_stored: Callable[[Head, bytes], None],
        on_refused: Callable[[Refused | UnknownDocument], None],
        on_failing: Callable[[], None],
    ) -> None:
        self._store = store
        self._generation = head.generation
        self.document_id = document_id
        self._limits = limits
        self._counters = counters
        self._task_scope = task_scope
        self._slots = slots
        self._on_stored = on_stored
        self._on_refused = on_refused
        self._on_failing = on_failing
        self._batches: deque[_Batch] = deque()
        self._in_flight: _Batch | None = None
        self._next_row_at = float("-inf")
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._is_closed = False
        self.gathered_bytes = 0
        """Not yet stored, the row that is being stored included."""
        self.is_failing = False
        """Whether the store has failed so often that clients were told."""

    @property
    def is_idle(self) -> bool:
        return self._task is None

    def add(self, update: bytes, user_id: str, peer: Peer) -> None:
        """Store an update, and tell the peer when it is. Never waits."""
        if not self._batches or self._is_full(self._batches[-1]):
            self._batches.append(_Batch(time.monotonic()))
        batch = self._batches[-1]
        batch.updates.append(update)
        batch.size_bytes += len(update)
        batch.user_ids[user_id] = None
        batch.waiting[peer] = batch.waiting.get(peer, 0) + 1
        self.gathered_bytes += len(update)
        self._counters.gathered_bytes += len(update)
        if self._task is None:
            self._idle.clear()
            self._wake.clear()
            self._task = self._task_scope.spawn(self._run())
        if self._is_full(batch):
            self._wake.set()

    def wait_for_all(self, peer: Peer) -> bool:
        """Tell the peer when everything added so far is stored. False if it is already."""
        batch = self._batches[-1] if self._batches else self._in_flight
        if batch is None:
            return False
        batch.waiting[peer] = batch.waiting.get(peer, 0) + 1
        return True

    async def flush(self) -> None:
        """Store at once what was gathered, and wait until it is. The caller sets the deadline."""
        self._wake.set()
        await self._idle.wait()

    async def in_flight_settled(self) -> None:
        """Wait for the row that is being stored now, if there is one: its number is known then."""
        if self._in_flight is not None:
            await self._in_flight.settled.wait()

    def close(self) -> None:
        """Drop the updates that are not stored. None of them was acknowledged."""
        self._is_closed = True
        self._batches.clear()
        if self._task is not None:
            self._task.cancel()
        if self._in_flight is None:
            self._end()  # a task that is cancelled before its first turn does nothing, not even its `finally`

    async def _run(self) -> None:
        try:
            while self._batches:
                await self._gather()
                self._in_flight = self._batches.popleft()
                await self._store_batch(self._in_flight)
                self._in_flight.settled.set()
                self._in_flight = None
        except (Refused, UnknownDocument) as refused:
            self._batches.clear()
            self._on_refused(refused)
        finally:
            self._end()

    def _end(self) -> None:
        """End storing. A closed writer lets go of its room, or both would be in a cycle."""
        self._counters.gathered_bytes -= self.gathered_bytes
        self.gathered_bytes = 0
        if self._in_flight is not None:
            self._in_flight.settled.set()
        self._in_flight = self._task = None
        self._idle.set()
        if self._is_closed:
            self._on_stored = self._on_refused = self._on_failing = ignore

    def _is_full(self, batch: _Batch) -> bool:
        return batch.size_bytes >= self._limits.gather_bytes or len(batch.updates) >= MAX_UPDATES

    async def _gather(self) -> None:
        """Wait for more until the next row is due."""
        seconds = self._next_row_at - time.monotonic()
        if seconds > 0 and not self._is_full(self._batches[0]):
            with contextlib.suppress(TimeoutError):  # then it is time to store
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
        self._wake.clear()
        self._next_row_at = time.monotonic() + self._limits.gather_seconds

    async def _store_batch(self, batch: _Batch) -> None:
        """Raises Refused, UnknownDocument."""
        user_ids = tuple(batch.user_ids)
        for update in _rows_of(batch.updates):
            head = await self._append(update, user_ids)
            self._on_stored(head, update)
        self.gathered_bytes -= batch.size_bytes
        self._counters.gathered_bytes -= batch.size_bytes
        self._counters.acknowledge_seconds += time.monotonic() - batch.began_at
        for peer, count in batch.waiting.items():
            self._counters.acknowledged += count
            peer.stored(count, head.number)

    async def _append(self, update: bytes, user_ids: Sequence[str]) -> Head:
        failures = 0
        while True:
            try:
                async with self._slots:
                    began_at = time.monotonic()
                    head = await self._store.append(self.document_id, self._generation, update, user_ids)
            except (Refused, UnknownDocument):
                raise
            except StoreUnavailable:
                pass
            except Exception:  # a bug of the store must not lose what was gathered
                logger.exception("an update could not be stored", extra={"document_id": self.document_id})
            else:
                self._counters.rows_appended += 1
                self._counters.append_seconds += time.monotonic() - began_at
                self.is_failing = False
                return head
            failures += 1
            self._counters.append_failures += 1
            if failures == self._limits.append_tries:
                self.is_failing = True
                self._on_failing()
            await asyncio.sleep(min(self._limits.retry_seconds * 2 ** min(failures - 1, 10), MAX_RETRY_SECONDS))


def _rows_of(updates: Sequence[bytes]) -> Sequence[bytes]:
    """One row; if the library fails to merge them, a row for each update."""
    try:
        return [merged(updates)]
    except Exception:
        logger.exception("updates could not be merged")
        return updates


def merged(updates: Sequence[bytes]) -> bytes:
    """One update that holds all of these."""
    while len(updates) > 1:
        updates = [
            merge_updates(*updates[start : start + MERGED_AT_ONCE]) for start in range(0, len(updates), MERGED_AT_ONCE)
        ]
    return updates[0]
