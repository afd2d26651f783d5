"""Single flight: concurrent calls with the same key share one run."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar

from roomful.concurrency.task_scope import TaskScope

T = TypeVar("T")


class SingleFlight:
    """Runs the work of concurrent calls with the same key once."""

    def __init__(self, task_scope: TaskScope) -> None:
        self._task_scope = task_scope
        self._running: dict[Hashable, asyncio.Future[Any]] = {}

    async def call(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The outcome of `work`, which starts only if no call with this key is running.

        Cancelling a caller leaves the work running for the others.
        """
        outcome: asyncio.Future[T] | None = self._running.get(key)
        if outcome is None:
            outcome = asyncio.get_running_loop().create_future()
            outcome.add_done_callback(_retrieve)
            self._running[key] = outcome
            self._task_scope.spawn(self._run(key, work, outcome))
        return await asyncio.shield(outcome)

    async def _run(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]], outcome: asyncio.Future[T]) -> None:
        try:
            result = await work()
        except asyncio.CancelledError:
            outcome.cancel()
            raise
        except Exception as error:  # passed on to all callers
            if not outcome.done():
                outcome.set_exception(error)
        else:
            if not outcome.done():
                outcome.set_result(result)
        finally:
            self._running.pop(key, None)


def _retrieve(outcome: "asyncio.Future[Any]") -> None:
    """Mark the exception as retrieved, in case all callers have been cancelled."""
    if not outcome.cancelled():
        outcome.exception()
