"""Rate limits that hold for all processes of an installation together."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import NamedTuple, Protocol, TypeVar

from roomful.link.token_bucket import TokenBucket, TokenBuckets

T = TypeVar("T")

REPORT_SHARE = 50
"""A process reports a key to the store after each 50th of what a minute allows: an ordinary client never costs a
trip, and a client that spreads over the processes is noticed within some hundredths of a second.
"""
REPORT_SECONDS = 0.02
"""Between two reports."""
REPORTED_AT_ONCE = 200
MAX_FACTS = 10_000
RETRY_SECONDS = 1.0
"""After an outage of the store, each process counts for itself for this long, and no request waits for a deadline."""


class StoreUnavailable(Exception):
    """The store can't be reached, or its answer makes no sense."""


class Charge(NamedTuple):
    """Tokens taken from one bucket. A negative number gives some back."""

    rate: str
    key: str
    per_minute: int
    tokens: int = 1


class BucketStore(Protocol):
    """The buckets that all processes of an installation share. All methods have deadlines, and raise StoreUnavailable.

    Charges are answered with the tokens left in each bucket, from -per_minute to per_minute.
    """

    async def acquire(self, charges: Sequence[Charge]) -> list[float]:
        """Make all charges, or none if one of them would leave its bucket below 0: that one's answer is below 0."""

    async def report(self, charges: Sequence[Charge]) -> list[float]:
        """Make all charges, whatever is left: their tokens are spent already."""

    async def remember(self, fact: str, seconds: int) -> None:
        """Let every process know a fact for this long."""

    async def remembers(self, fact: str) -> bool: ...


class Rate:
    """`per_minute` events a minute for each key, in bursts of as many. 0 lets everything pass."""

    def __init__(self, name: str, per_minute: int, clock: Callable[[], float], report: Callable[["Rate", str], None]):
        self.name = name
        self.per_minute = per_minute
        self.buckets = TokenBuckets(per_minute)
        self._clock = clock
        self._report = report
        self._report_after = max(1, per_minute // REPORT_SHARE)

    def acquire(self, key: str) -> float:
        """Take one token if there is one: the seconds until there is one, 0.0 if it was taken. Never waits.

        The other processes soon hear of it and charge it to their buckets, even beyond the limit: over some minutes
        the rate holds for all processes together.
        """
        if not self.per_minute:
            return 0.0
        now = self._clock()
        bucket = self.buckets.bucket(key, now)
        if wait := bucket.acquire(now):
            return wait
        bucket.unreported += 1
        if bucket.unreported == self._report_after:
            self._report(self, key)
        return 0.0


Wanted = tuple[Rate, str]
"""A token for this key."""


class Rates:
    """The rates of one process, shared with the others through a store.

    Without a store, and while it is out of reach, the process counts for itself.
    """

    def __init__(self, store: BucketStore | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._rates: dict[tuple[str, int], Rate] = {}
        self._due: dict[Wanted, None] = {}
        self._has_due = asyncio.Event()
        self._away_until = 0.0
        self._facts: OrderedDict[str, None] = OrderedDict()
        self.store_failures = 0

    def rate(self, name: str, per_minute: int) -> Rate:
        """The one rate of this name and size."""
        found = self._rates.get((name, per_minute))
        return found or self._rates.setdefault((name, per_minute), Rate(name, per_minute, self._clock, self._note))

    async def acquire(self, *wanted: Wanted) -> float:
        """Take a token of each, or none: the seconds to wait before another try, 0.0 if they were taken.

        Exact over all processes. Costs a trip to the store, unless this process alone has reached the limit.
        """
        wanted = tuple(each for each in wanted if each[0].per_minute)
        taken: list[TokenBucket] = []
        now = self._clock()
        for rate, key in wanted:
            bucket = rate.buckets.bucket(key, now)
            if wait := bucket.acquire(now):
                _give_back(taken)
                return wait
            taken.append(bucket)
        left = await self._reach(lambda store: store.acquire(_charges(wanted, 1))) if wanted else None
        if left is None or min(left) >= 0.0:
            return 0.0
        _give_back(taken)
        now = self._clock()
        for bucket, tokens in zip(taken, left, strict=True):
            if tokens < 0.0:
                bucket.lower(tokens + 1.0, now)  # so that the next attempts are refused without a trip
        return max(-tokens * 60.0 / rate.per_minute for (rate, _), tokens in zip(wanted, left, strict=True))

    async def give_back(self, *wanted: Wanted) -> None:
        """Undo an `acquire`: the event does not count after all."""
        wanted = tuple(each for each in wanted if each[0].per_minute)
        for rate, key in wanted:
            rate.buckets.give_back(key)
        if wanted:
            await self._reach(lambda store: store.report(_charges(wanted, -1)))

    async def remember(self, fact: str, seconds: int) -> None:
        """Know a fact in every process; while the store is away, in this one, which keeps only the newest ones."""
        self._facts[fact] = None
        self._facts.move_to_end(fact)
        if len(self._facts) > MAX_FACTS:
            self._facts.popitem(last=False)
        await self._reach(lambda store: store.remember(fact, seconds))

    async def remembers(self, fact: str) -> bool:
        known = await self._reach(lambda store: store.remembers(fact))
        return fact in self._facts if known is None else known

    async def run(self) -> None:
        """Report for ever to the store what `Rate.acquire` let pass here, and learn what passed elsewhere."""
        while True:
            await self._has_due.wait()
            self._has_due.clear()
            while self._due:
                due = list(islice(self._due, REPORTED_AT_ONCE))
                for each in due:
                    del self._due[each]
                await self._report(due)
                await asyncio.sleep(REPORT_SECONDS)

    def _note(self, rate: Rate, key: str) -> None:
        if self._store is not None:
            self._due[rate, key] = None
            self._has_due.set()

    async def _report(self, due: Sequence[Wanted]) -> None:
        now = self._clock()
        buckets = [rate.buckets.bucket(key, now) for rate, key in due]
        charges = [
            Charge(rate.name, key, rate.per_minute, bucket.unreported)
            for (rate, key), bucket in zip(due, buckets, strict=True)
        ]
        for bucket in buckets:
            bucket.unreported = 0
        left = await self._reach(lambda store: store.report(charges))
        if left is None:
            return  # lost to the other processes, which count for themselves now
        now = self._clock()
        for bucket, tokens in zip(buckets, left, strict=True):
            bucket.lower(tokens - bucket.unreported, now)

    async def _reach(self, ask: Callable[[BucketStore], Awaitable[T]]) -> T | None:
        """The store's answer; None without a store, or while it is out of reach.

        An outage is counted, not logged: the broker, out of reach as well, logs it.
        """
        if self._store is None or self._clock() < self._away_until:
            return None
        try:
            return await ask(self._store)
        except StoreUnavailable:
            self.store_failures += 1
            self._away_until = self._clock() + RETRY_SECONDS
            return None


def _give_back(buckets: Sequence[TokenBucket]) -> None:
    for bucket in buckets:
        bucket.give_back()


def _charges(wanted: Sequence[Wanted], tokens: int) -> list[Charge]:
    return [Charge(rate.name, key, rate.per_minute, tokens) for rate, key in wanted]
