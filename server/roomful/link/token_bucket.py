"""Token buckets: how often something may happen. Pure; the clock is passed in, in seconds."""

from collections.abc import Hashable

MAX_KEYS = 100_000


class TokenBucket:
    """Lets `per_minute` events a minute pass, in bursts of as many. A rate of 0 lets everything pass."""

    __slots__ = ("_at", "_per_minute", "_tokens", "unreported")

    def __init__(self, per_minute: int, now: float) -> None:
        self._per_minute = per_minute
        self._tokens = float(per_minute)
        self._at = now
        self.unreported = 0
        """Tokens acquired since the last report to the shared store. Counted by `Rates`."""

    def acquire(self, now: float) -> float:
        """Take one token if there is one. Returns the seconds until there is one, 0.0 if it was taken."""
        if self._per_minute == 0:
            return 0.0
        self._refill(now)
        if self._tokens < 1.0:
            return (1.0 - self._tokens) * 60.0 / self._per_minute
        self._tokens -= 1.0
        return 0.0

    def give_back(self) -> None:
        """Undo an `acquire`: the event does not count after all."""
        self._tokens = min(self._tokens + 1.0, float(self._per_minute))

    def lower(self, tokens: float, now: float) -> None:
        """Hold no more than this, which may be negative: other processes have taken from the same bucket."""
        self._refill(now)
        self._tokens = min(self._tokens, tokens)

    def _refill(self, now: float) -> None:
        elapsed = max(0.0, now - self._at)
        self._tokens = min(self._tokens + elapsed * self._per_minute / 60.0, float(self._per_minute))
        self._at = now


class TokenBuckets:
    """One bucket for each key. Beyond `max_keys` the key that has been idle longest is forgotten."""

    def __init__(self, per_minute: int, *, max_keys: int = MAX_KEYS) -> None:
        self._per_minute = per_minute
        self._max_keys = max_keys
        self._buckets: dict[Hashable, TokenBucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def bucket(self, key: Hashable, now: float) -> TokenBucket:
        bucket = self._buckets.pop(key, None) or TokenBucket(self._per_minute, now)
        self._buckets[key] = bucket  # last in the order of use
        if len(self._buckets) > self._max_keys:
            del self._buckets[next(iter(self._buckets))]
        return bucket

    def acquire(self, key: Hashable, now: float) -> float:
        """As `TokenBucket.acquire`, for this key."""
        return self.bucket(key, now).acquire(now) if self._per_minute else 0.0

    def give_back(self, key: Hashable) -> None:
        if (bucket := self._buckets.get(key)) is not None:
            bucket.give_back()
