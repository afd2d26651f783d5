"""Rate limits that hold for all processes of an installation together."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import NamedTuple, Protocol, TypeVar

from roomful.link.token_bucket import TokenBucket, TokenBuckets

T = TypeVar("T")

TOLD_SHARE = 50
"""A process tells the store of a key after each 50th part of what a minute allows: an ordinary client never costs a
trip, and one that goes round the processes is seen after some hundredths of a second.
"""
TELL_SECONDS = 0.02
"""Between two trips that tell."""
TOLD_AT_ONCE = 200
MAX_FACTS = 10_000
RETRY_SECONDS = 1.0
"""After a store that was out of reach: until then each process counts for itself, and nobody waits for a deadline."""


class StoreUnavailable(Exception):
    """The store can't be reached, or its answer makes no sense."""


class Charge(NamedTuple):
    """Tokens taken from one bucket. A negative number gives some back."""

    rate: str
    key: str
    per_minute: int
    tokens: int = 1


class BucketStore(Protocol):
    """Where the processes of an installation keep their buckets in common. Both methods have deadlines.

    Each answers with the tokens that are left in each bucket, from -per_minute to per_minute. Raises StoreUnavailable.
    """

    async def take(self, charges: Sequence[Charge]) -> list[float]:
        """Make all charges, or none if one of them would leave its bucket below 0: that one's answer is below 0."""

    async def tell(self, charges: Sequence[Charge]) -> list[float]:
        """Make all charges, whatever is left: their tokens are spent already."""

    async def remember(self, fact: str, seconds: int) -> None:
        """Let every process know a fact, for so long."""

    async def remembers(self, fact: str) -> bool: ...


class Rate:
    """So many a minute for each key, in bursts of as many. 0 lets everything pass."""

    def __init__(self, name: str, per_minute: int, clock: Callable[[], float], tell: Callable[["Rate", str], None]):
        self.name = name
        self.per_minute = per_minute
        self.buckets = TokenBuckets(per_minute)
        self._clock = clock
        self._tell = tell
        self._told_after = max(1, per_minute // TOLD_SHARE)

    def take(self, key: str) -> float:
        """Take one token, or nothing: the seconds to wait until one is there, 0.0 if it was. Never waits for the store.

        What this process has taken is soon told to the others, and counts there even where too much was taken: over
        some minutes the rate holds for all of them together.
        """
        if not self.per_minute:
            return 0.0
        now = self._clock()
        bucket = self.buckets.bucket(key, now)
        if wait := bucket.take(now):
            return wait
        bucket.untold += 1
        if bucket.untold == self._told_after:
            self._tell(self, key)
        return 0.0


Wanted = tuple[Rate, str]
"""A token for this key."""


class Rates:
    """The rates of one process. Without a store it is the only one of its installation.

    While the store is out of reach each process counts for itself.
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

    async def take(self, *wanted: Wanted) -> float:
        """Take a token of each, or none of any: the seconds to wait until it is worth another try, 0.0 if it was.

        Exact over all processes, and a trip to the store, except where this process alone has reached the limit.
        """
        wanted = tuple(each for each in wanted if each[0].per_minute)
        taken: list[TokenBucket] = []
        now = self._clock()
        for rate, key in wanted:
            bucket = rate.buckets.bucket(key, now)
            if wait := bucket.take(now):
                _give_back(taken)
                return wait
            taken.append(bucket)
        left = await self._reach(lambda store: store.take(_charges(wanted, 1))) if wanted else None
        if left is None or min(left) >= 0.0:
            return 0.0
        _give_back(taken)
        now = self._clock()
        for bucket, tokens in zip(taken, left, strict=True):
            if tokens < 0.0:
                bucket.lower(tokens + 1.0, now)  # so that the next tries are refused without a trip
        return max(-tokens * 60.0 / rate.per_minute for (rate, _), tokens in zip(wanted, left, strict=True))

    async def give_back(self, *wanted: Wanted) -> None:
        """Undo a `take`: it turned out not to count."""
        wanted = tuple(each for each in wanted if each[0].per_minute)
        for rate, key in wanted:
            rate.buckets.give_back(key)
        if wanted:
            await self._reach(lambda store: store.tell(_charges(wanted, -1)))

    async def remember(self, fact: str, seconds: int) -> None:
        """Know a fact from now on, in every process; while the store is away in this one, and the newest ones only."""
        self._facts[fact] = None
        self._facts.move_to_end(fact)
        if len(self._facts) > MAX_FACTS:
            self._facts.popitem(last=False)
        await self._reach(lambda store: store.remember(fact, seconds))

    async def remembers(self, fact: str) -> bool:
        known = await self._reach(lambda store: store.remembers(fact))
        return fact in self._facts if known is None else known

    async def run(self) -> None:
        """Tell the store for ever what `Rate.take` has let pass here, and hear what has passed elsewhere."""
        while True:
            await self._has_due.wait()
            self._has_due.clear()
            while self._due:
                due = list(islice(self._due, TOLD_AT_ONCE))
                for each in due:
                    del self._due[each]
                await self._tell_store(due)
                await asyncio.sleep(TELL_SECONDS)

    def _note(self, rate: Rate, key: str) -> None:
        if self._store is not None:
            self._due[rate, key] = None
            self._has_due.set()

    async def _tell_store(self, due: Sequence[Wanted]) -> None:
        now = self._clock()
        buckets = [rate.buckets.bucket(key, now) for rate, key in due]
        charges = [
            Charge(rate.name, key, rate.per_minute, bucket.untold)
            for (rate, key), bucket in zip(due, buckets, strict=True)
        ]
        for bucket in buckets:
            bucket.untold = 0
        left = await self._reach(lambda store: store.tell(charges))
        if left is None:
            return  # it was counted here, and what others count now is their own
        now = self._clock()
        for bucket, tokens in zip(buckets, left, strict=True):
            bucket.lower(tokens - bucket.untold, now)

    async def _reach(self, ask: Callable[[BucketStore], Awaitable[T]]) -> T | None:
        """What the store answers; None when there is none, or it is out of reach.

        An outage is counted. The log has it from the broker, which is out of reach as well.
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
