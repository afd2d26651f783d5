"""A cursor's batch of events, the rules by which it is made, and what handles it."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from roomful.eventlog import cursor_rows
from roomful.eventlog.cursor_rows import Place
from roomful.realtime.publication import Publication


class Later(Exception):
    """Raised by a handler that can't do its work now, through no fault of the events: it is tried again, for ever."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"again in {seconds:.0f} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorRules:
    """Which events a cursor handles: those of channels that begin with `prefix`, and only of `types` if given.

    A batch is handled `delay` after its first event, with those that have followed. `gather` is the same for a second
    at most, for events of this process and all channels together; with `at_once` the first one does not wait. Deeds
    outside the database need a `lease`, longer than HANDLE_SECONDS, for which the channel is claimed before its events
    are handled.
    """

    name: str
    prefix: str
    types: Collection[str] = ()
    delay: timedelta = timedelta()
    gather: timedelta = timedelta()
    at_once: bool = False
    lease: timedelta | None = None

    def wants(self, event: Publication) -> bool:
        return not self.types or event.type in self.types


@dataclass(slots=True)
class Batch:
    """Events of one channel to handle: the wanted ones after `place.position`, up to `upto`.

    `has_lost` says that some were deleted before the cursor came to them; `head` was the channel's newest offset then.
    The handler calls `advance` in the transaction of what it does, or returns without it if there is nothing to do.
    """

    place: Place
    upto: int
    events: Sequence[Publication]
    has_lost: bool = False
    head: int | None = None
    is_done: bool = False

    @property
    def channel(self) -> str:
        return self.place.channel

    async def advance(self, session: AsyncSession) -> None:
        """Raises LeaseLost: then the transaction must be rolled back, since another process has handled the events."""
        await cursor_rows.advance(session, self.place, self.upto)
        self.is_done = True


Transaction = Callable[[], AbstractAsyncContextManager[AsyncSession]]
"""A write transaction that is committed at the block's end."""

Handle = Callable[[Batch], Awaitable[None]]

Concerned = Callable[[Mapping[str, Sequence[bytes]]], Awaitable[Collection[str]]]
"""Of these channels, given with bodies of events, those that have something for the handler."""


async def concerned_all(gathered: Mapping[str, Sequence[bytes]]) -> Collection[str]:
    return gathered.keys()
