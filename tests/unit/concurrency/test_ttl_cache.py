"""Answers that are cached for a moment, never longer than they are valid."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from roomful.concurrency.batch_loader import BatchLoader
from roomful.concurrency.task_scope import TaskScope
from roomful.concurrency.ttl_cache import TtlCache

SECONDS = 5.0


class Members:
    """Memberships by name; an answer can be held back."""

    def __init__(self, *names: str) -> None:
        self.names = set(names)
        self.questions: list[str] = []
        self.may_return = asyncio.Event()
        self.may_return.set()

    async def __call__(self, names: Sequence[str]) -> dict[str, bool]:
        self.questions += names
        found = {name: True for name in names if name in self.names}
        await self.may_return.wait()
        return found


class Scene:
    def __init__(self, task_scope: TaskScope) -> None:
        self.now = 100.0
        self.members = Members("ada")
        self.answers = TtlCache(BatchLoader(task_scope, self.members, most=10), seconds=SECONDS, clock=lambda: self.now)

    async def ask(self, name: str = "ada", *, is_watched: bool = True) -> bool | None:
        return await self.answers.ask(name, is_watched=is_watched)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with TaskScope("askers") as task_scope:
        yield Scene(task_scope)


async def test_answer_is_kept_for_its_lifetime(scene: Scene) -> None:
    assert scene.answers.known("ada") is None
    assert await scene.ask()
    scene.now += SECONDS - 0.1
    assert scene.answers.known("ada")
    scene.now += 0.2
    assert scene.answers.known("ada") is None


async def test_time_counts_from_the_question(scene: Scene) -> None:
    scene.members.may_return.clear()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(scene.ask())
        while not scene.members.questions:  # noqa: ASYNC110 - polled: plain state
            await asyncio.sleep(0)
        scene.now += SECONDS + 1
        scene.members.may_return.set()
    assert scene.answers.known("ada") is None


async def test_refusal_is_not_cached(scene: Scene) -> None:
    assert await scene.ask("bob") is None
    scene.members.names.add("bob")
    assert scene.answers.known("bob") is None
    assert await scene.ask("bob")


async def test_unwatched_keys_are_not_cached(scene: Scene) -> None:
    assert await scene.ask(is_watched=False)
    assert scene.answers.known("ada") is None


async def test_changed_keys_are_dropped(scene: Scene) -> None:
    assert await scene.ask()
    scene.members.names.clear()
    scene.answers.forget()
    assert scene.answers.known("ada") is None
    assert await scene.ask() is None


async def test_answer_overtaken_by_a_change_is_not_cached(scene: Scene) -> None:
    scene.members.may_return.clear()
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(scene.ask())
        while not scene.members.questions:  # noqa: ASYNC110 - polled: plain state
            await asyncio.sleep(0)
        scene.members.names.clear()
        scene.answers.forget()
        scene.members.may_return.set()
    assert asking.result()  # it was true when asked, and the change reaches the caller
    assert scene.answers.known("ada") is None
