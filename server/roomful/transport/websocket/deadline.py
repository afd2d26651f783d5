"""The one deadline of a socket: for its handshake, and later for its close. A bare timer, to save memory."""

import asyncio
from collections.abc import Callable


def new_deadline(
    before: asyncio.TimerHandle | None, loop: asyncio.AbstractEventLoop, seconds: float, action: Callable[[], None]
) -> asyncio.TimerHandle:
    """Call `action` after this time, in place of the deadline before."""
    end_deadline(before)
    return loop.call_later(seconds, action)


def end_deadline(deadline: asyncio.TimerHandle | None) -> None:
    if deadline is not None:
        deadline.cancel()
