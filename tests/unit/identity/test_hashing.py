"""The threads that hash passwords: order and length of waits."""

import asyncio
import threading
from functools import partial

import pytest

from roomful.errors import Unavailable
from roomful.identity import hashing
from roomful.identity.hashing import HashingThreads


class Work:
    """Work for a thread until the test releases it; `done` has the finished names in order."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.done: list[str] = []

    def blocked(self) -> None:
        self.gate.wait(10)

    def named(self, name: str) -> str:
        self.done.append(name)
        return name


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_addresses_take_turns() -> None:
    threads, work = HashingThreads("test", count=1), Work()
    async with asyncio.TaskGroup() as group:
        group.create_task(threads.run("flood", work.blocked))
        await turns()
        for number in range(50):
            group.create_task(threads.run("flood", partial(work.named, f"flood {number}")))
        await turns()
        group.create_task(threads.run("ada", lambda: work.named("ada")))
        group.create_task(threads.run("bob", lambda: work.named("bob")))
        await turns()
        work.gate.set()
    assert work.done[:4] == ["flood 0", "ada", "bob", "flood 1"]
    assert len(work.done) == 52
    threads.close()


async def test_waiting_is_bounded_in_time_and_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "WAIT_SECONDS", 0.05)
    monkeypatch.setattr(hashing, "MAX_WAITING_OF_ONE", 2)
    threads, work = HashingThreads("test", count=1), Work()
    async with asyncio.TaskGroup() as group:
        group.create_task(threads.run("flood", work.blocked))
        await turns()
        waiting = [asyncio.ensure_future(threads.run("flood", work.blocked)) for _ in range(2)]  # noqa: TID251
        await turns()
        with pytest.raises(Unavailable):  # at once
            await threads.run("flood", work.blocked)
        for late in waiting:
            with pytest.raises(Unavailable) as refused:
                await late
            assert refused.value.headers["Retry-After"]
        work.gate.set()
    assert await threads.run("flood", lambda: work.named("after the flood")) == "after the flood"
    threads.close()


async def test_a_cancelled_wait_gives_up_its_turn_but_not_its_thread() -> None:
    threads, work = HashingThreads("test", count=1), Work()
    async with asyncio.TaskGroup() as group:
        at_work = group.create_task(threads.run("ada", work.blocked))
        await turns()
        leaving = group.create_task(threads.run("bob", lambda: work.named("bob")))
        group.create_task(threads.run("cyd", lambda: work.named("cyd")))
        await turns()
        at_work.cancel()
        leaving.cancel()
        await turns()
        assert not work.done
        work.gate.set()
    assert work.done == ["cyd"]
    assert await threads.run("ada", lambda: work.named("again")) == "again"
    threads.close()


async def test_a_failure_frees_the_thread() -> None:
    threads = HashingThreads("test", count=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            await threads.run("ada", lambda: 1 // 0)
    threads.close()
