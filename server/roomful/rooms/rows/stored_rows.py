"""The rows that a room follows in the store: its own, those of other nodes, and those that REST has written."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress

from roomful.concurrency.task_scope import TaskScope
from roomful.rooms import codes
from roomful.rooms.callbacks import ignore, wait_for_nothing
from roomful.rooms.codes import Ending
from roomful.rooms.counters import RoomCounters
from roomful.rooms.rows.row_sequence import RowSequence
from roomful.rooms.store.port import Head, Loaded, Store, StoreUnavailable, UnknownDocument

GAP_SECONDS = 0.05
"""A missing row may be on its way: the store is asked after this."""
OWN_ROW_SECONDS = 2.0
"""How long to wait for the row that this node is storing."""
RETRY_SECONDS = 1.0


class StoredRows:
    """Applies every row to the replica, whatever the broker loses: reads gaps from the store."""

    __slots__ = (
        "_apply",
        "_counters",
        "_document_id",
        "_end_room",
        "_is_doubtful",
        "_own_row",
        "_sequence",
        "_store",
        "_task",
        "_task_scope",
        "generation",
    )

    def __init__(
        self,
        store: Store,
        document_id: str,
        head: Head,
        *,
        counters: RoomCounters,
        task_scope: TaskScope,
        apply: Callable[[Sequence[bytes]], None],
        own_row: Callable[[], Awaitable[None]],
        end_room: Callable[[Ending], None],
    ) -> None:
        self._store = store
        self._document_id = document_id
        self._sequence = RowSequence(head.number)
        self._counters = counters
        self._task_scope = task_scope
        self._apply = apply
        self._own_row = own_row
        self._end_room = end_room
        self._is_doubtful = False
        self._task: asyncio.Task[None] | None = None
        self.generation = head.generation

    @property
    def head(self) -> Head:
        """Up to here every row is in the replica."""
        return Head(self.generation, self._sequence.seen)

    def stored_here(self, number: int) -> None:
        """A row of this node is committed. The replica has it already."""
        self._accept(number, b"")

    def arrived(self, generation: str, number: int, update: bytes) -> None:
        """Accept a row of another node, or of REST. An empty update is read from the store."""
        if generation != self.generation:
            self._is_doubtful = True
            self._read_in(0.0)
        elif update:
            self._counters.rows_received += number > self._sequence.seen
            self._accept(number, update)
        elif number > self._sequence.seen:
            self._sequence.heard_of(number)
            self._read_in(0.0)

    def compare(self, head: Head | None, asked_at: Head) -> None:
        """Compare with the store's head; `asked_at` is our `head` from when it was asked."""
        if head is None:
            self._end_room(codes.DELETED)
        elif head.generation != self.generation:
            self._end_room(codes.REPLACED)
        elif head.number < asked_at.number:
            self._end_room(codes.RESET)  # the database was put back: clients bring what it lacks
        elif head.number > self._sequence.seen:
            self._sequence.heard_of(head.number)
            self._read_in(GAP_SECONDS)

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._apply = self._end_room = ignore  # or the room would be in a cycle
        self._own_row = wait_for_nothing

    def _accept(self, number: int, update: bytes) -> None:
        self._apply(self._sequence.accept(number, update))
        if self._sequence.has_gap:
            self._read_in(GAP_SECONDS)

    def _read_in(self, seconds: float) -> None:
        if self._task is None:
            self._task = self._task_scope.spawn(self._read(seconds))

    async def _read(self, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
            await self._wait_for_own_row()
            while self._sequence.has_gap or self._is_doubtful:
                self._counters.gaps += 1
                await self._read_once()
        finally:
            self._task = None

    async def _wait_for_own_row(self) -> None:
        """The missing row may be the one that is being stored: later ones of this node get larger numbers."""
        with suppress(TimeoutError):  # then the store is asked
            async with asyncio.timeout(OWN_ROW_SECONDS):
                await self._own_row()

    async def _read_once(self) -> None:
        heard = self._sequence.heard
        self._is_doubtful = False
        try:
            loaded = await self._store.read_since(self._document_id, self.head)
        except StoreUnavailable:
            self._is_doubtful = True
            await asyncio.sleep(RETRY_SECONDS)
            return
        except UnknownDocument:
            self._end_room(codes.DELETED)
            return
        if loaded.head.generation != self.generation:
            self._end_room(codes.REPLACED)
            return
        self._apply(list(_updates(loaded)))
        self._apply(self._sequence.caught_up(loaded.head.number))
        if self._sequence.has_gap:
            self._sequence.forget_gap(heard)


def _updates(loaded: Loaded) -> Iterable[bytes]:
    if loaded.state:
        yield loaded.state
    for row in loaded.rows:
        yield row.update
