"""The buckets of a server that runs as several processes, kept in Redis."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from roomful.link.rates import Charge, StoreUnavailable
from roomful.link.redis_names import RedisNames
from roomful.link.redis_server import UNREACHABLE, RedisServer

ANSWER_SECONDS = 0.5
"""Whoever signs in waits for this once at most: then nobody asks for a second."""


class RedisRates:
    """Keeps each bucket under a name that tells nobody whose it is: a keyed hash of the rate and the key.

    Whoever can write to this Redis can fill or empty buckets and delete facts, so let anybody through or lock somebody
    out, for two minutes at a time; nothing else (docs/decisions/0022).
    """

    def __init__(self, server: RedisServer, *, names: RedisNames) -> None:
        self._names = names
        self._commands = server.commands
        self._charge = server.commands.register_script(CHARGE)

    async def take(self, charges: Sequence[Charge]) -> list[float]:
        return await self._run(charges, must_have=True)

    async def tell(self, charges: Sequence[Charge]) -> list[float]:
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


CHARGE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local minute = 60000000
local must_have = ARGV[1] == '1'
local full_at, left, is_refused = {}, {}, false
for i, key in ipairs(KEYS) do
  local per_minute, count = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local held = redis.pcall('GET', key)
  held = type(held) == 'string' and tonumber(held) or now
  -- Neither a clock that went back nor what somebody else wrote there lasts longer than two minutes.
  if not (held > now) then held = now end
  if held > now + 2 * minute then held = now + 2 * minute end
  full_at[i] = math.min(math.max(held + count * minute / per_minute, now), now + 2 * minute)
  local tokens = (now + minute - full_at[i]) * per_minute / minute
  left[i] = string.format('%.3f', tokens)
  is_refused = is_refused or (must_have and tonumber(left[i]) < 0)
end
if not is_refused then
  for i, key in ipairs(KEYS) do
    if full_at[i] > now then
      redis.call('SET', key, string.format('%.0f', full_at[i]), 'PX', math.ceil((full_at[i] - now) / 1000))
    else
      redis.call('DEL', key)
    end
  end
end
return left
"""
"""Takes tokens from buckets that fill by themselves, by Redis's own clock: a key holds when its bucket will be full.

Arguments: 1 to make all charges or none; then for each key how many a minute, and how many now. Returns the tokens left
in each bucket; below 0 is what is missing.
"""
