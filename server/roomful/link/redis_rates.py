"""The rate limits' buckets in Redis, shared by several processes."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files

from roomful.link.rates import Charge, StoreUnavailable
from roomful.link.redis_names import RedisNames
from roomful.link.redis_server import UNREACHABLE, RedisServer

CHARGE = (files(__package__) / "redis_rates.lua").read_text()

ANSWER_SECONDS = 0.5
"""A sign-in waits for this once at most: after an outage no process asks for a second."""


class RedisRates:
    """Keeps each bucket under a keyed hash of the rate and the key, which does not reveal whose it is.

    A writer of this Redis can fill or empty buckets and delete facts, and so let anybody through or lock somebody out
    for two minutes at a time; nothing else (docs/decisions/0022).
    """

    def __init__(self, server: RedisServer, *, names: RedisNames) -> None:
        self._names = names
        self._commands = server.commands
        self._charge = server.commands.register_script(CHARGE)

    async def acquire(self, charges: Sequence[Charge]) -> list[float]:
        return await self._run(charges, must_have=True)

    async def report(self, charges: Sequence[Charge]) -> list[float]:
        return await self._run(charges, must_have=False)

    async def remember(self, fact: str, seconds: int) -> None:
        async with _reaching():
            await self._commands.set(self._names.of("fact", fact), b"1", ex=seconds)

    async def remembers(self, fact: str) -> bool:
        async with _reaching():
            return bool(await self._commands.exists(self._names.of("fact", fact)))

    async def _run(self, charges: Sequence[Charge], *, must_have: bool) -> list[float]:
        keys = [self._names.of("rate", f"{charge.rate}\n{charge.key}") for charge in charges]
        arguments: list[bytes | str | int] = [int(must_have)]
        for charge in charges:
            arguments += (charge.per_minute, charge.tokens)
        async with _reaching():
            answer = await self._charge(keys=keys, args=arguments)
            left = [float(tokens) for tokens in answer]
        if len(left) != len(charges) or not all(map(math.isfinite, left)):
            raise StoreUnavailable
        return [max(-charge.per_minute, tokens) for charge, tokens in zip(charges, left, strict=True)]


@asynccontextmanager
async def _reaching() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            yield
    except (*UNREACHABLE, TypeError, ValueError) as error:
        raise StoreUnavailable from error
