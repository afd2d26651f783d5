"""Rate limits that several processes share through Redis, also when Redis fails or lies."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from roomful.concurrency.background_loops import BackgroundLoops
from roomful.link.rates import Charge, Rate, Rates, StoreUnavailable
from roomful.link.redis_names import RedisNames
from roomful.link.redis_rates import RedisRates
from roomful.link.redis_server import RedisServer
from tests.support.brokers import KEY, becomes
from tests.support.valkey import Valkey


@asynccontextmanager
async def process(valkey: Valkey, *, key: bytes = KEY) -> AsyncIterator[Rates]:
    """The rates of one process."""
    async with RedisServer(valkey.url) as server, BackgroundLoops() as loops:
        rates = Rates(RedisRates(server, names=RedisNames(key)))
        loops.run("rates", rates.run())
        yield rates


@asynccontextmanager
async def store_of(valkey: Valkey) -> AsyncIterator[RedisRates]:
    async with RedisServer(valkey.url) as server:
        yield RedisRates(server, names=RedisNames(KEY))


def names_in(valkey: Valkey) -> list[bytes]:
    with valkey.client() as client:
        return cast("list[bytes]", client.keys())


def milliseconds_left(valkey: Valkey, name: bytes) -> int:
    with valkey.client() as client:
        return client.pttl(name)


async def test_rates_taken_in_redis_are_exact_over_all_processes(valkey: Valkey) -> None:
    async with process(valkey) as one, process(valkey) as two:
        allowed = 0
        for turn in range(30):
            rates = (one, two)[turn % 2]
            wanted = (rates.rate("sign-ins", 10), "ada"), (rates.rate("of an address", 100), "192.0.2.1")
            allowed += not await rates.acquire(*wanted)
        assert allowed == 10
        assert await two.acquire((two.rate("sign-ins", 10), "bob")) == 0.0


async def test_a_refused_try_costs_nothing_and_says_how_long_to_wait(valkey: Valkey) -> None:
    async with process(valkey) as one, process(valkey) as two:
        for _ in range(2):
            assert await one.acquire((one.rate("sign-ins", 2), "ada"), (one.rate("of an address", 3), "x")) == 0.0
        wait = await two.acquire((two.rate("sign-ins", 2), "ada"), (two.rate("of an address", 3), "x"))
        assert 20.0 < wait <= 30.0
        assert await two.acquire((two.rate("of an address", 3), "x")) == 0.0
        assert await one.acquire((one.rate("of an address", 3), "x")) > 10.0


async def test_returned_tokens_count_for_all_processes(valkey: Valkey) -> None:
    async with process(valkey) as one, process(valkey) as two:
        for rates in (one, two) * 20:
            wanted = (rates.rate("sign-ins", 3), "ada")
            assert await rates.acquire(wanted) == 0.0
            await rates.give_back(wanted)


async def test_all_processes_know_a_stored_fact_for_a_while(valkey: Valkey) -> None:
    async with process(valkey) as one, process(valkey) as two:
        await one.remember("ada@example.test has signed in from 192.0.2.1", 60)
        assert await two.remembers("ada@example.test has signed in from 192.0.2.1")
        assert not await two.remembers("ada@example.test has signed in from 192.0.2.2")
        (name,) = names_in(valkey)
        assert re.fullmatch(rb"roomful:[0-9a-f]+:0:fact:[\w-]{22}", name)
        assert 0 < milliseconds_left(valkey, name) <= 60_000
        valkey.stop()
        assert await one.remembers("ada@example.test has signed in from 192.0.2.1")
        assert not await two.remembers("ada@example.test has signed in from 192.0.2.1")


async def pass_all(rates: Rates, rate: Rate, key: str, *, tries: int) -> int:
    """How many of these attempts pass, with turns of the loop in between like a socket's reads."""
    passed = 0
    for number in range(tries):
        passed += not rate.acquire(key)
        if number % 10 == 0:
            await asyncio.sleep(0.001)
    return passed


async def test_locally_counted_rates_soon_hold_for_all_processes(valkey: Valkey) -> None:
    async with process(valkey) as one, process(valkey) as two, process(valkey) as three:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(pass_all(rates, rates.rate("publications", 1_800), "ada", tries=6_000))
                for rates in (one, two, three)
            ]
        allowed = sum(task.result() for task in tasks)
        assert 1_750 <= allowed < 1_800 * 1.5, allowed
        # The excess over the limit is not forgiven.
        assert min(rates.rate("publications", 1_800).acquire("ada") for rates in (one, two, three)) > 0.0
        assert one.rate("publications", 1_800).acquire("bob") == 0.0


async def test_a_person_far_below_the_limit_costs_no_trip(valkey: Valkey) -> None:
    async with process(valkey) as rates:
        rate = rates.rate("commands", 6_000)
        for person in range(100):
            for _ in range(50):
                assert rate.acquire(f"person {person}") == 0.0
        await asyncio.sleep(0.1)
        assert not names_in(valkey)


@pytest.mark.parametrize("is_frozen", [True, False])
async def test_without_redis_each_process_counts_for_itself(valkey: Valkey, is_frozen: bool) -> None:
    async with process(valkey) as one, process(valkey) as two:
        if is_frozen:
            valkey.pause()
        else:
            valkey.stop()
        for rates in (one, two):
            async with asyncio.timeout(3):
                results = [await rates.acquire((rates.rate("sign-ins", 5), "ada")) for _ in range(8)]
            assert [wait == 0.0 for wait in results] == [True] * 5 + [False] * 3
            assert rates.store_failures == 1
        valkey.reset()
        await becomes_shared(one, two)


async def becomes_shared(one: Rates, two: Rates) -> None:
    """Once Redis is back, a new key is counted together."""
    names = (f"attempt {number}" for number in range(100))

    async def is_shared() -> bool:
        key = next(names)
        first = await one.acquire((one.rate("sign-ins", 1), key))
        return first == 0.0 and await two.acquire((two.rate("sign-ins", 1), key)) > 0.0

    async with asyncio.timeout(10):
        while not await is_shared():  # noqa: ASYNC110  # Redis tells nobody
            await asyncio.sleep(0.1)


async def test_names_in_redis_reveal_nothing_and_expire_in_two_minutes(valkey: Valkey) -> None:
    async with process(valkey) as rates:
        await rates.acquire((rates.rate("sign-ins", 10), "192.0.2.1 ada@example.test"))
        rate = rates.rate("publications", 100)
        for _ in range(90):
            rate.acquire("a person's id")
        await becomes(lambda: len(names_in(valkey)) == 2, 5, what="both buckets are in Redis")
        for name in names_in(valkey):
            assert re.fullmatch(rb"roomful:[0-9a-f]+:0:rate:[\w-]{22}", name)
            assert 0 < milliseconds_left(valkey, name) <= 120_000


async def test_each_installation_has_its_own_buckets(valkey: Valkey) -> None:
    async with process(valkey) as ours, process(valkey, key=b"the key of somebody else, 32 bytes") as theirs:
        for rates in (ours, theirs):
            assert await rates.acquire((rates.rate("sign-ins", 1), "ada")) == 0.0


HOSTILE = ["", "nonsense", "nan", "-nan", "inf", "-inf", "1e308", "-1e308", "9" * 400, "0x7fffffff", "\0\xff"]


@pytest.mark.parametrize("value", HOSTILE)
async def test_a_foreign_value_in_a_bucket_lasts_two_minutes_at_most(valkey: Valkey, value: str) -> None:
    charge = [Charge("sign-ins", "ada", 10)]
    async with store_of(valkey) as store:
        await store.acquire(charge)
        (name,) = names_in(valkey)
        with valkey.client() as client:
            client.set(name, value.encode("latin-1"))
        (left,) = await store.acquire(charge)
        assert -11.0 <= left <= 9.0
        await store.report(charge)
        assert 0 < milliseconds_left(valkey, name) <= 120_000


async def test_a_bucket_turned_into_a_list_becomes_a_bucket_again(valkey: Valkey) -> None:
    charge = [Charge("sign-ins", "ada", 10)]
    async with store_of(valkey) as store:
        await store.acquire(charge)
        (name,) = names_in(valkey)
        with valkey.client() as client:
            client.delete(name)
            client.rpush(name, "x")
        assert await store.acquire(charge) == [9.0]
        with valkey.client() as client:
            assert client.type(name) == b"string"


async def test_a_read_only_redis_counts_as_away(valkey: Valkey) -> None:
    async with store_of(valkey) as store:
        with valkey.client() as client:
            client.replicaof("127.0.0.1", "1")
            try:
                with pytest.raises(StoreUnavailable):
                    await store.acquire([Charge("sign-ins", "ada", 10)])
            finally:
                client.replicaof("NO", "ONE")
