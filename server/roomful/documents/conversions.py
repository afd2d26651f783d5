"""Work on copies of documents, such as reading them as text, that must not stop the event loop."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from roomful.errors import Unavailable
from roomful.process.stack import run_with_room
from roomful.roomstore.folding import fold_off_loop

T = TypeVar("T")

MAX_BYTES_ON_LOOP = 20 * 1024
"""A conversion of this size takes some 5 ms. Larger ones run in a thread: each of their steps is short."""

MAX_SECONDS_ON_LOOP = 0.02

AT_ONCE = 2
MAX_WAIT_SECONDS = 5.0


class Conversions:
    """Runs two large conversions at a time: they take CPU and memory, and any reader may ask for one."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def run(self, updates: Sequence[bytes], work: Callable[[], T], *, seconds: float = 0.0) -> T:
        """Do work that takes time by the size of these updates, and at most so many seconds beside.

        Raises Unavailable when others keep it busy.
        """
        if sum(map(len, updates)) <= MAX_BYTES_ON_LOOP and seconds <= MAX_SECONDS_ON_LOOP:
            return _without_panic(work)
        async with self._slot():
            return await asyncio.to_thread(run_with_room, lambda: _without_panic(work))

    async def fold(self, updates: Sequence[bytes]) -> bytes:
        """One update that holds all these. Raises Unavailable when others keep it busy, CantFold."""
        state, *rows = updates
        if not rows:
            return state
        async with self._slot():
            return await fold_off_loop(state, rows)

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(MAX_WAIT_SECONDS):
                await self._slots.acquire()
        except TimeoutError:
            raise Unavailable("Others are reading large documents; try again soon.") from None
        try:
            yield
        finally:
            self._slots.release()


def _without_panic(work: Callable[[], T]) -> T:
    try:
        return work()
    except (Exception, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as panic:  # pycrdt's panic is no Exception, so no error handler would see it
        raise RuntimeError("pycrdt panicked on a document") from panic


async def _conversions_of(request: Request) -> Conversions:
    conversions: Conversions = request.app.state.conversions
    return conversions


Converting = Annotated[Conversions, Depends(_conversions_of)]
"""The conversions of this process."""
