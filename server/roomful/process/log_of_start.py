"""Log lines of a start: that it is done, and before that, if it takes long."""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

logger = logging.getLogger(__name__)

SLOW_SECONDS = 5.0


@contextmanager
def told_of_start(*, slow_seconds: float = SLOW_SECONDS) -> Iterator[None]:
    """Log at the block's end, and every `slow_seconds` until then. Call from the loop."""
    loop, began = asyncio.get_running_loop(), time.monotonic()
    later: asyncio.TimerHandle | None = None

    def passed() -> float:
        return round(time.monotonic() - began, 1)

    def tell_later() -> None:
        nonlocal later
        later = loop.call_later(slow_seconds, tell)

    def tell() -> None:
        logger.warning("still starting", extra={"seconds": passed()})
        tell_later()

    tell_later()
    try:
        yield
    finally:
        if later is not None:
            later.cancel()
    logger.info("ready", extra={"seconds": passed()})
