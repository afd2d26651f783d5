import asyncio
import logging

import pytest

from roomful.process.log_of_start import told_of_start


async def test_a_slow_start_is_told_of_until_it_is_done(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with told_of_start(slow_seconds=0.01):
        async with asyncio.timeout(20):
            while len(caplog.messages) < 2:  # noqa: ASYNC110  # a log tells nobody
                await asyncio.sleep(0.005)
    assert set(caplog.messages[:-1]) == {"still starting"}
    assert caplog.messages[-1] == "ready"


async def test_a_failed_start_is_not_ready(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with pytest.raises(OSError, match="no"), told_of_start():
        raise OSError("no")
    assert caplog.messages == []
