"""Closing many sockets over some time, so that not all clients reconnect at once."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

STEP_SECONDS = 0.05
SOCKETS_PER_SECOND = 100
"""Fewer sockets close within a second; more take the time that there is.

Accepting a socket costs another node some 5 ms: this rate leaves it time for its own clients.
"""


async def close_in_turn(sockets: Sequence[T], close: Callable[[T], None], *, most_seconds: float) -> None:
    """Call `close` on each, at an even rate. It must not fail."""
    if not sockets:
        return
    seconds = min(most_seconds, len(sockets) / SOCKETS_PER_SECOND)
    steps = max(1, int(seconds / STEP_SECONDS))
    for step in range(steps):
        for socket in sockets[step::steps]:
            close(socket)
        await asyncio.sleep(STEP_SECONDS)
