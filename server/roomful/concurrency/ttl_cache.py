"""Answers that a crowd coming in shares for a moment."""

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from roomful.concurrency.batch_loader import BatchLoader

MAX_REMEMBERED = 10_000

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class TtlCache(Generic[K, T]):
    """Asks, and for some seconds remembers what it was told, unless it is to `forget` meanwhile.

    For what changes with an event that this node sees: whoever sees the event forgets first, and then ends what was
    built on the old answer. So an answer from memory is as good as a fresh one, which may be overtaken on its way just
    as well (docs/decisions/0013). That there is no answer is never remembered: who is let in now may enter now.
    """

    def __init__(
        self, calls: BatchLoader[K, T], *, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._calls = calls
        self._seconds = seconds
        self._clock = clock
        self._answers: dict[K, tuple[T, float]] = {}
        self._times_forgotten = 0

    def known(self, key: K) -> T | None:
        """What is remembered about this key, for who asks where every event that changes it is seen."""
        answer, until = self._answers.get(key, (None, 0.0))
        return answer if self._clock() < until else None

    async def ask(self, key: K, *, is_watched: bool) -> T | None:
        """A fresh answer about this key, or None; remembered if all that changes it is seen here from now on.

        Raises what the calls raise.
        """
        asked_at, times_forgotten = self._clock(), self._times_forgotten
        answer = await self._calls.call(key)
        if is_watched and answer is not None and times_forgotten == self._times_forgotten:
            if len(self._answers) >= MAX_REMEMBERED:
                self._answers.clear()
            self._answers[key] = answer, asked_at + self._seconds
        return answer

    def forget(self) -> None:
        """Something has changed: neither what is remembered nor what is on its way holds for those who ask later."""
        self._answers.clear()
        self._times_forgotten += 1
