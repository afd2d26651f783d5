"""The starts of nodes, by which those that share a database know each other."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

logger = logging.getLogger(__name__)

START_BYTES = 8
READ_SECONDS = 1.0
"""How often to look for new ones: a node that has just started is heard within this time."""
SOONER_SECONDS = 0.25
"""The least time between two looks, however many strangers are heard."""
DEADLINE_SECONDS = 2.0
SUPERSEDED_SECONDS = 30.0
"""For so long a node may not have seen that another one has started."""
STRANGERS_KEPT = 256

NO_START = bytes(START_BYTES)


class StartsUnavailable(Exception):
    """The starts can't be read now; they may be in a moment."""


ReadStarts = Callable[[], Awaitable[Sequence[bytes]]]
"""Reads this node's own start and all later ones, oldest first: random ids of START_BYTES, in the order in which nodes
that share a database wrote them there. Raises StartsUnavailable.
"""


class Starts:
    """Tells the nodes on this node's database from all others that have the same key.

    Each node says with everything that it sends which is the newest start that it has read. Whoever names one that is
    no older than this node's own has read the present database: a copy that was made before lacks it, and in one that
    was made later there is another newest. For the same reason nothing that was sent before this node began is ever
    taken for new.

    Without `read` every node with the key is believed.
    """

    def __init__(self, read: ReadStarts | None) -> None:
        self._read = read
        self.newest = NO_START
        self._superseded_at: dict[bytes, float] = {} if read else {NO_START: float("inf")}
        self._strangers: set[bytes] = set()
        self._has_doubts = asyncio.Event()
        self._is_out_of_reach = False

    def accepts(self, start: bytes) -> bool:
        """Whether who names this start as the newest has this node's database. Never waits."""
        if start in self._superseded_at:
            return self.knows(start)
        if start not in self._strangers:  # asked about once at once, and then with the rest
            if len(self._strangers) >= STRANGERS_KEPT:
                self._strangers.clear()
            self._strangers.add(start)
            self._has_doubts.set()
        return False

    def knows(self, start: bytes) -> bool:
        """The same, without a doubt: it is not asked about."""
        return time.monotonic() - self._superseded_at.get(start, float("-inf")) < SUPERSEDED_SECONDS

    async def run(self) -> None:
        """Look for new starts for ever."""
        while True:
            await asyncio.sleep(SOONER_SECONDS)
            with contextlib.suppress(TimeoutError):  # then it is time to look
                async with asyncio.timeout(READ_SECONDS - SOONER_SECONDS):
                    await self._has_doubts.wait()
            await self.look()

    async def look(self) -> None:
        """Look for new starts now. Those known stay when there is no answer."""
        if self._read is None:
            return
        self._has_doubts.clear()
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                found = await self._read()
        except (StartsUnavailable, TimeoutError):
            if not self._is_out_of_reach:
                logger.warning("the starts of nodes can't be read; nodes that start now are not heard until they can")
            self._is_out_of_reach = True
            return
        self._is_out_of_reach = False
        if found:
            self._update(found)

    def _update(self, found: Sequence[bytes]) -> None:
        now = time.monotonic()
        *older, self.newest = found
        self._superseded_at = {start: min(self._superseded_at.get(start, now), now) for start in older}
        self._superseded_at[self.newest] = float("inf")
        self._strangers.difference_update(found)
