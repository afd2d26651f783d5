"""What waits for more before a cursor handles it."""

import asyncio
from datetime import timedelta

import pytest

from roomful.eventlog import cursor_gathering
from roomful.eventlog.cursor_batch import CursorRules
from roomful.eventlog.cursor_gathering import Gathering


def gathering(*, seconds: float, at_once: bool = False) -> Gathering:
    return Gathering(CursorRules(name="copy", prefix="project:", gather=timedelta(seconds=seconds), at_once=at_once))


async def test_what_is_added_while_others_wait_is_taken_with_them() -> None:
    gathered = gathering(seconds=0.2)
    gathered.add("a", b"1")
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        taking = tasks.create_task(gathered.take())
        await asyncio.sleep(0)
        gathered.add("b", b"2")
        gathered.add("a", b"1")
    assert taking.result() == {"a": [b"1", b"1"], "b": [b"2"]}


async def test_with_at_once_the_first_does_not_wait_and_the_next_does() -> None:
    gathered = gathering(seconds=3_600, at_once=True)
    gathered.add("a", b"1")
    async with asyncio.timeout(30):
        assert await gathered.take() == {"a": [b"1"]}
    gathered.add("b", b"2")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await gathered.take()


async def test_no_more_than_so_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cursor_gathering, "MAX_WAITING", 2)
    gathered = gathering(seconds=0)
    assert [gathered.add(channel, b"1") for channel in ("a", "a", "b")] == [True, True, False]
    assert await gathered.take() == {"a": [b"1", b"1"]}
