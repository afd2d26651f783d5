"""Batched queries."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from roomful.concurrency.batch_loader import BatchLoader
from roomful.concurrency.task_scope import TaskScope


class Asked:
    """Answers numbers with their squares, but not 0, once it is released."""

    def __init__(self) -> None:
        self.askings: list[list[int]] = []
        self.may_answer = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self, numbers: Sequence[int]) -> dict[int, int]:
        self.askings.append(list(numbers))
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error
        return {number: number**2 for number in numbers if number}


@pytest.fixture
async def task_scope() -> AsyncIterator[TaskScope]:
    async with TaskScope("askers") as task_scope:
        yield task_scope


async def _turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_questions_of_one_turn_share_a_batch(task_scope: TaskScope) -> None:
    asked = Asked()
    asked.may_answer.set()
    calls = BatchLoader(task_scope, asked, most=10)
    async with asyncio.TaskGroup() as tasks:
        answers = [tasks.create_task(calls.call(number)) for number in (1, 2, 0, 2)]
    assert [answer.result() for answer in answers] == [1, 4, None, 4]
    assert asked.askings == [[1, 2, 0]]


async def test_a_question_is_never_answered_by_an_earlier_batch(task_scope: TaskScope) -> None:
    asked = Asked()
    calls = BatchLoader(task_scope, asked, most=10)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(calls.call(1))
        await _turns()
        tasks.create_task(calls.call(1))
        tasks.create_task(calls.call(2))
        await _turns()
        assert asked.askings == [[1]]
        asked.may_answer.set()
    assert asked.askings == [[1], [1, 2]]


async def test_no_batch_exceeds_the_maximum(task_scope: TaskScope) -> None:
    asked = Asked()
    asked.may_answer.set()
    calls = BatchLoader(task_scope, asked, most=2)
    async with asyncio.TaskGroup() as tasks:
        for number in range(1, 6):
            tasks.create_task(calls.call(number))
    assert asked.askings == [[1, 2], [3, 4], [5]]


async def test_a_failure_reaches_the_whole_batch_and_the_next_asks_again(task_scope: TaskScope) -> None:
    asked = Asked()
    asked.error = OSError("out of reach")
    asked.may_answer.set()
    calls = BatchLoader(task_scope, asked, most=10)
    outcomes = await asyncio.gather(calls.call(1), calls.call(2), return_exceptions=True)  # noqa: TID251
    assert [type(outcome) for outcome in outcomes] == [OSError, OSError]
    asked.error = None
    assert await calls.call(1) == 1


async def test_a_cancelled_question_leaves_the_others_their_answer(task_scope: TaskScope) -> None:
    asked = Asked()
    calls = BatchLoader(task_scope, asked, most=10)
    async with asyncio.TaskGroup() as tasks:
        leaving, staying = tasks.create_task(calls.call(1)), tasks.create_task(calls.call(1))
        await _turns()
        leaving.cancel()
        await _turns()
        asked.may_answer.set()
    assert leaving.cancelled()
    assert staying.result() == 1
    assert asked.askings == [[1]]
