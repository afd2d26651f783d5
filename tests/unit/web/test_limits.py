"""Token buckets and the limits made of them."""

import pytest

from roomful.errors import RateLimited
from roomful.link.rates import Rates
from roomful.link.token_bucket import TokenBucket, TokenBuckets
from roomful.settings import Settings
from roomful.web.limits import ACCOUNT_FACTOR, ADDRESS_FACTOR, Limits


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def limits(clock: Clock, *, sign_in: int = 5, writes: int = 60, registration: int = 3) -> Limits:
    settings = Settings(
        _env_file=None,
        rate_limit_sign_in=sign_in,
        rate_limit_writes=writes,
        rate_limit_registration=registration,
    )
    return Limits(settings, Rates(clock=clock))


def test_a_bucket_lets_a_burst_pass_then_one_at_a_time() -> None:
    bucket = TokenBucket(60, now=0.0)
    assert [bucket.acquire(0.0) for _ in range(61)] == [0.0] * 60 + [1.0]
    assert bucket.acquire(0.5) == pytest.approx(0.5)
    assert bucket.acquire(1.0) == 0.0
    assert bucket.acquire(1.0) > 0.0


def test_a_refusal_costs_nothing() -> None:
    bucket = TokenBucket(1, now=0.0)
    bucket.acquire(0.0)
    assert [bucket.acquire(second) for second in (0.0, 15.0, 30.0)] == pytest.approx([60.0, 45.0, 30.0])
    assert bucket.acquire(60.0) == 0.0


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    bucket = TokenBucket(2, now=0.0)
    bucket.give_back()
    assert [bucket.acquire(3600.0) == 0.0 for _ in range(3)] == [True, True, False]


def test_a_clock_that_goes_back_takes_no_tokens() -> None:
    bucket = TokenBucket(1, now=100.0)
    assert bucket.acquire(50.0) == 0.0


def test_a_rate_of_zero_lets_everything_pass() -> None:
    assert {TokenBucket(0, now=0.0).acquire(0.0) for _ in range(100)} == {0.0}
    buckets = TokenBuckets(0)
    assert {buckets.acquire("a", 0.0) for _ in range(100)} == {0.0}
    assert len(buckets) == 0


def test_buckets_forget_the_key_that_was_idle_longest() -> None:
    buckets = TokenBuckets(1, max_keys=2)
    for key in ("a", "b", "a", "c"):  # b goes
        buckets.acquire(key, 0.0)
    assert len(buckets) == 2
    assert buckets.acquire("a", 0.0) > 0.0
    assert buckets.acquire("b", 0.0) == 0.0


async def test_failed_sign_ins_are_counted_for_address_and_email_together() -> None:
    counted = limits(Clock())
    for _ in range(5):
        await counted.begin_sign_in("192.0.2.1", "Ada@example.test")
    with pytest.raises(RateLimited) as refusal:
        await counted.begin_sign_in("192.0.2.1", "ada@example.test")
    assert refusal.value.headers["Retry-After"] == "12"
    await counted.begin_sign_in("192.0.2.1", "bob@example.test")
    await counted.begin_sign_in("192.0.2.2", "ada@example.test")


async def test_a_good_sign_in_costs_nothing() -> None:
    counted = limits(Clock())
    for _ in range(100):
        await counted.begin_sign_in("192.0.2.1", "ada@example.test")
        await counted.forget_sign_in("192.0.2.1", "ada@example.test")


async def test_one_address_cannot_try_many_people_for_ever() -> None:
    counted = limits(Clock())
    for number in range(5 * ADDRESS_FACTOR):
        await counted.begin_sign_in("192.0.2.1", f"{number}@example.test")
    with pytest.raises(RateLimited):
        await counted.begin_sign_in("192.0.2.1", "another@example.test")
    await counted.begin_sign_in("192.0.2.2", "another@example.test")


async def test_a_refused_attempt_takes_nothing_from_the_person() -> None:
    clock = Clock()
    counted = limits(clock, sign_in=1)
    for number in range(ADDRESS_FACTOR):
        await counted.begin_sign_in("192.0.2.1", f"{number}@example.test")
    with pytest.raises(RateLimited):
        await counted.begin_sign_in("192.0.2.1", "ada@example.test")
    clock.now += 60 / ADDRESS_FACTOR
    await counted.begin_sign_in("192.0.2.1", "ada@example.test")


async def test_an_ipv6_household_is_one_address() -> None:
    counted = limits(Clock(), sign_in=1)
    await counted.begin_sign_in("2001:db8:1:2::1", "ada@example.test")
    with pytest.raises(RateLimited):
        await counted.begin_sign_in("2001:db8:1:2:ffff::2", "ada@example.test")
    await counted.begin_sign_in("2001:db8:1:3::1", "ada@example.test")


async def test_attempts_from_many_addresses_on_one_account_are_limited() -> None:
    counted = limits(Clock(), sign_in=2)
    for number in range(2 * ACCOUNT_FACTOR):
        await counted.begin_sign_in(f"192.0.2.{number}", "ada@example.test")
    with pytest.raises(RateLimited):
        await counted.begin_sign_in("198.51.100.1", "ada@example.test")
    await counted.begin_sign_in("198.51.100.1", "bob@example.test")


async def test_an_accounts_limit_exempts_addresses_its_owner_used() -> None:
    counted = limits(Clock(), sign_in=2)
    await counted.begin_sign_in("192.0.2.200", "ada@example.test")
    await counted.forget_sign_in("192.0.2.200", "ada@example.test")
    await counted.remember_sign_in("192.0.2.200", "Ada@example.test")
    for number in range(2 * ACCOUNT_FACTOR):
        await counted.begin_sign_in(f"192.0.2.{number}", "ada@example.test")
    for _ in range(2):  # as from any address
        await counted.begin_sign_in("192.0.2.200", "ada@example.test")
    for address in ("192.0.2.200", "192.0.2.201"):
        with pytest.raises(RateLimited):
            await counted.begin_sign_in(address, "ada@example.test")


async def test_an_invalid_email_address_has_no_account_limit() -> None:
    counted = limits(Clock(), sign_in=1)
    for number in range(2 * ACCOUNT_FACTOR):
        await counted.begin_sign_in(f"192.0.2.{number}", "")


async def test_registrations_have_their_own_bucket_per_address() -> None:
    clock = Clock()
    counted = limits(clock, sign_in=1, registration=3)
    for _ in range(3):
        await counted.count_registration("192.0.2.1")
    with pytest.raises(RateLimited) as refusal:
        await counted.count_registration("192.0.2.1")
    assert refusal.value.headers["Retry-After"] == "20"
    await counted.count_registration("192.0.2.2")
    await counted.begin_sign_in("192.0.2.1", "ada@example.test")
    clock.now += 20
    await counted.count_registration("192.0.2.1")


def test_writes_are_counted_per_person() -> None:
    clock = Clock()
    counted = limits(clock, writes=2)
    counted.count_write("ada")
    counted.count_write("ada")
    with pytest.raises(RateLimited):
        counted.count_write("ada")
    counted.count_write("bob")
    clock.now += 30
    counted.count_write("ada")
