"""The wheel: entries are called in time, once, however often they are rescheduled."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from roomful.concurrency.task_scope import TaskScope
from roomful.link.timer_wheel import TICK_SECONDS, TimerWheel


class Entry:
    def __init__(self, *, again: float | None = None, does: Callable[[], None] = lambda: None) -> None:
        self.looks: list[float] = []
        self._again = again
        self._does = does

    def due(self, now: float) -> float | None:
        self.looks.append(now)
        self._does()
        return self._again


@asynccontextmanager
async def turning() -> AsyncIterator[TimerWheel]:
    wheel = TimerWheel()
    async with TaskScope("wheel") as task_scope:
        task_scope.spawn(wheel.run())
        yield wheel


async def until(entry: Entry, looks: int) -> None:
    async with asyncio.timeout(5):
        while len(entry.looks) < looks:  # noqa: ASYNC110 - polled: an entry only has the wheel to be told by
            await asyncio.sleep(0.01)


async def test_entry_is_called_in_time_and_again_if_it_asks() -> None:
    async with turning() as wheel:
        entry = Entry(again=TICK_SECONDS)
        began_at = time.monotonic()
        wheel.put(entry, TICK_SECONDS * 2)
        await until(entry, 3)
        assert entry.looks[0] - began_at > TICK_SECONDS * 0.9
        assert len(wheel) == 1


async def test_entry_that_answers_never_is_removed() -> None:
    async with turning() as wheel:
        entry = Entry()
        wheel.put(entry, 0)
        await until(entry, 1)
        assert len(wheel) == 0


async def test_rescheduled_entry_is_called_only_at_its_new_time() -> None:
    async with turning() as wheel:
        moved, mark = Entry(), Entry()
        wheel.put(moved, TICK_SECONDS)
        wheel.put(moved, 60)
        wheel.put(mark, TICK_SECONDS * 2)
        await until(mark, 1)
        assert not moved.looks
        assert len(wheel) == 1


async def test_entry_removed_in_the_same_turn_is_not_called() -> None:
    async with turning() as wheel:
        entries: list[Entry] = []

        def remove_all() -> None:
            for entry in entries:
                wheel.remove(entry)

        entries += [Entry(does=remove_all) for _ in range(5)]
        for entry in entries:
            wheel.put(entry, TICK_SECONDS)
        mark = Entry()
        wheel.put(mark, TICK_SECONDS * 3)
        await until(mark, 1)
        assert sum(len(entry.looks) for entry in entries) == 1
