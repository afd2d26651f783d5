"""Large answers, each built once for all requests for the same thing at the same offset."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from roomful.concurrency.single_flight import SingleFlight
from roomful.concurrency.task_scope import TaskScope
from roomful.db.engine import Database
from roomful.errors import RateLimited, Unavailable
from roomful.eventlog.log import Position
from roomful.snapshots.packed import PackedBody

AT_ONCE = 2
"""Builds that run at the same time. Each has one connection of the pool, and one page in memory."""

MAX_WAIT_SECONDS = 10.0

KEPT_SECONDS = 5.0
"""After a restart a crowd asks for the same snapshot within seconds."""

MAX_KEPT = 32
MAX_READERS_PER_PERSON = 16

What = TypeVar("What", bound=Hashable)
Build = Callable[[AsyncSession, What], Awaitable[tuple[Position, PackedBody]]]
"""Packs a body as the session's transaction sees it, and says at which position that is."""


class Builds(Generic[What]):
    """Builds bodies page by page and keeps them for a moment.

    A build reads one consistent state, encodes and compresses it in a thread, and gives its connection back before
    anything is sent: no reader, however slow, holds one.
    """

    def __init__(
        self, database: Database, task_scope: TaskScope, build: Build[What], *, max_build_seconds: float
    ) -> None:
        self._database = database
        self._build_one = build
        self._max_build_seconds = max_build_seconds
        self._calls = SingleFlight(task_scope)
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._kept: dict[tuple[What, Position], PackedBody] = {}
        self._readers: Counter[str] = Counter()

    async def get(self, what: What, newest: Position) -> tuple[Position, PackedBody]:
        """The body at `newest` or later, and its position.

        Raises NotFound for what was deleted meanwhile, Unavailable when others keep the builders busy.
        """
        kept = self._kept.get((what, newest))
        if kept is not None:
            return newest, kept
        return await self._calls.call((what, newest), partial(self._build, what))

    @contextmanager
    def reading(self, user_id: str) -> Iterator[None]:
        """For as long as a body is sent to somebody. Raises RateLimited: nobody reads more than a few at once."""
        if self._readers[user_id] >= MAX_READERS_PER_PERSON:
            raise RateLimited(1)
        self._readers[user_id] += 1
        try:
            yield
        finally:
            self._readers[user_id] -= 1
            if not self._readers[user_id]:
                del self._readers[user_id]

    async def _build(self, what: What) -> tuple[Position, PackedBody]:
        try:
            async with asyncio.timeout(MAX_WAIT_SECONDS):
                await self._slots.acquire()
        except TimeoutError:
            raise Unavailable("Others are loading large projects; try again soon.") from None
        try:
            async with asyncio.timeout(self._max_build_seconds), self._database.read() as session:
                position, packed = await self._build_one(session, what)
        finally:
            self._slots.release()
        self._keep((what, position), packed)
        return position, packed

    def _keep(self, key: tuple[What, Position], packed: PackedBody) -> None:
        if len(self._kept) < MAX_KEPT:
            self._kept[key] = packed
            asyncio.get_running_loop().call_later(KEPT_SECONDS, self._kept.pop, key, None)
