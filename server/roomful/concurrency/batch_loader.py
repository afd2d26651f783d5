"""The batch loader: one call for many keys that are asked for at the same time."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Mapping, Sequence
from itertools import chain, islice
from typing import Any, Generic, TypeVar

from roomful.concurrency.task_scope import TaskScope

K = TypeVar("K", bound=Hashable)

T = TypeVar("T")


class BatchLoader(Generic[K, T]):
    """Loads the keys of concurrent calls together, `most` at once.

    A call joins a batch that begins after it, never a running one, so its answer is not older than the call. One batch
    runs at a time; calls made meanwhile share the next.
    """

    def __init__(
        self, task_scope: TaskScope, ask: Callable[[Sequence[K]], Coroutine[Any, Any, Mapping[K, T]]], *, most: int
    ):
        self._task_scope = task_scope
        self._ask = ask
        self._most = most
        self._waiting: dict[K, list[asyncio.Future[T | None]]] = {}
        self._is_running = False

    async def call(self, key: K) -> T | None:
        """The answer of `ask` for this key, or None. Raises what `ask` raises."""
        # Each caller has its own outcome, so that cancelling one does not affect the others.
        outcome: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(outcome)
        if not self._is_running:
            self._is_running = True
            self._task_scope.spawn(self._run())
        return await outcome

    async def _run(self) -> None:
        try:
            while self._waiting:
                asked = dict(islice(self._waiting.items(), self._most))
                for key in asked:
                    del self._waiting[key]
                await self._answer(asked)
        finally:
            self._is_running = False

    async def _answer(self, asked: "dict[K, list[asyncio.Future[T | None]]]") -> None:
        try:
            answers = await self._ask(list(asked))
        except asyncio.CancelledError:
            for outcome in chain(*asked.values(), *self._waiting.values()):
                outcome.cancel()
            self._waiting.clear()
            raise
        except Exception as error:  # passed on to all callers
            for outcome in chain(*asked.values()):
                if not outcome.done():
                    outcome.set_exception(error)
        else:
            for key, outcomes in asked.items():
                for outcome in outcomes:
                    if not outcome.done():
                        outcome.set_result(answers.get(key))
