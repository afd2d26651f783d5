"""The TTL cache: answers shared by callers for some seconds."""

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from roomful.concurrency.batch_loader import BatchLoader

MAX_REMEMBERED = 10_000

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class TtlCache(Generic[K, T]):
    """Caches answers for some seconds, or until `forget`.

    For answers that change only with an event that this node observes: the observer calls `forget`, and then ends what
    was built on the old answer. So a cached answer is as good as a fresh one, which an event may overtake on its way
    just as well (docs/decisions/0013). A missing answer is not cached: access that was just granted counts at once.
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
        """The cached answer, or None. Valid only while this node observes every event that could change it."""
        answer, until = self._answers.get(key, (None, 0.0))
        return answer if self._clock() < until else None

    async def ask(self, key: K, *, is_watched: bool) -> T | None:
        """A fresh answer for this key, or None. Cached if this node observes every event that could change it.

        Raises what the batch loader raises.
        """
        asked_at, times_forgotten = self._clock(), self._times_forgotten
        answer = await self._calls.call(key)
        if is_watched and answer is not None and times_forgotten == self._times_forgotten:
            if len(self._answers) >= MAX_REMEMBERED:
                self._answers.clear()
            self._answers[key] = answer, asked_at + self._seconds
        return answer

    def forget(self) -> None:
        """Drop all answers, those on their way too: an event may have changed them."""
        self._answers.clear()
        self._times_forgotten += 1
