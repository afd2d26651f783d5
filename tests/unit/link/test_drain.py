"""Closing a crowd of sockets."""

import time
from itertools import pairwise

from roomful.link.drain import STEP_SECONDS, close_in_turn


async def test_each_is_closed_once_and_a_small_crowd_at_once() -> None:
    closed: list[int] = []
    began_at = time.monotonic()
    await close_in_turn(range(9), closed.append, most_seconds=60)
    assert sorted(closed) == list(range(9))
    await close_in_turn([], closed.append, most_seconds=60)
    assert time.monotonic() - began_at < 5


async def test_a_large_crowd_is_spread_over_the_time_that_there_is() -> None:
    closed_at: list[float] = []
    await close_in_turn(range(1_000), lambda _: closed_at.append(time.monotonic()), most_seconds=0.5)
    assert len(closed_at) == 1_000
    assert closed_at[-1] - closed_at[0] >= 0.5 - 2 * STEP_SECONDS
    assert sum(later - sooner > STEP_SECONDS / 2 for sooner, later in pairwise(closed_at)) >= 8
