"""Loops that run as long as the process."""

import asyncio

import pytest

from roomful.concurrency import background_loops
from roomful.concurrency.background_loops import BackgroundLoops


async def test_a_loop_that_took_its_cancellation_for_an_outage_is_cancelled_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A driver may raise an error of its own for it; otherwise the process would never shut down."""
    monkeypatch.setattr(background_loops, "CANCEL_AGAIN_SECONDS", 0.02)
    outages = 0

    async def for_ever() -> None:
        nonlocal outages
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if outages == 2:
                    raise
                outages += 1

    async with asyncio.timeout(30), BackgroundLoops() as loops:
        loops.run("for ever", for_ever())
        await asyncio.sleep(0)
    assert outages == 2
