"""The states of documents that programs have read: their changes are merged at what they read.

A state whose rows are not folded yet is made again from the rows; the others are kept here for an hour, by the process
that answered the read. Without one, a change is refused (412), and the program reads again.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Annotated, NamedTuple

from fastapi import Depends, Request

from roomful.rooms.store.port import Head
from roomful.roomstore.content import Stored

MAX_BYTES = 64 * 1024 * 1024
MAX_KEPT = 500
KEPT_SECONDS = 3_600.0


class Bases:
    """Keeps the states answered last: at most 500 with 64 MiB, for an hour."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept: OrderedDict[tuple[str, Head], _Kept] = OrderedDict()
        self._bytes = 0
        self._clock = clock

    def keep(self, doc_id: str, stored: Stored) -> None:
        size = sum(map(len, stored.updates))
        if size > MAX_BYTES:
            return
        self._remove((doc_id, stored.head))
        self._kept[doc_id, stored.head] = _Kept(stored.updates, size, self._clock() + KEPT_SECONDS)
        self._bytes += size
        while self._bytes > MAX_BYTES or len(self._kept) > MAX_KEPT:
            self._remove(next(iter(self._kept)))

    def find(self, doc_id: str, stored: Stored, read: Head) -> Sequence[bytes] | None:
        """The updates of the document at `read`, from its rows or from memory; None if they are gone."""
        if read.generation != stored.head.generation or read.number > stored.head.number:
            return None
        if read.number == stored.head.number:
            return stored.updates
        if read.number >= stored.base:
            return [stored.state, *(row.update for row in stored.rows if row.number <= read.number)]
        kept = self._kept.get((doc_id, read))
        return kept.updates if kept is not None and self._clock() < kept.until else None

    def _remove(self, key: tuple[str, Head]) -> None:
        gone = self._kept.pop(key, None)
        self._bytes -= 0 if gone is None else gone.bytes


class _Kept(NamedTuple):
    updates: Sequence[bytes]
    bytes: int
    until: float


async def _bases_of(request: Request) -> Bases:
    bases: Bases = request.app.state.bases
    return bases


ReadBases = Annotated[Bases, Depends(_bases_of)]
"""The states that this process has answered."""
