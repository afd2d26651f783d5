"""The starts of nodes, by which nodes that share a database recognise each other."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

logger = logging.getLogger(__name__)

START_BYTES = 8
READ_SECONDS = 1.0
"""How often to read new starts. What a node that has just started sends is kept until then."""
SOONER_SECONDS = 0.25
"""The least time between two reads, however many strangers send messages."""
DEADLINE_SECONDS = 2.0
SUPERSEDED_SECONDS = 30.0
"""How long an older start is accepted: its node may not have read the newer one yet."""
STRANGERS_KEPT = 256

NO_START = bytes(START_BYTES)


class StartsUnavailable(Exception):
    """The starts can't be read now. Temporary."""


ReadStarts = Callable[[], Awaitable[Sequence[bytes]]]
"""Reads this node's start and all later ones, oldest first: random ids of START_BYTES, in the order in which the nodes
of this database wrote them to it. Raises StartsUnavailable.
"""


class Starts:
    """Tells the nodes on this node's database from others that have the same key.

    Every message names the newest start that its sender has read. A sender that names this node's start or a later one
    has read this database: an older copy of the database lacks that start, and a later copy has another newest one.
    Messages from before this node's start are refused for the same reason.

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
        """Whether a sender that names this start as the newest uses this node's database. Never waits.

        An unknown start makes `look_when_due` read the starts soon.
        """
        if start in self._superseded_at:
            return self.knows(start)
        if start not in self._strangers:  # a second message of the same stranger causes no second read
            if len(self._strangers) >= STRANGERS_KEPT:
                self._strangers.clear()
            self._strangers.add(start)
            self._has_doubts.set()
        return False

    def knows(self, start: bytes) -> bool:
        """As `accepts`, but an unknown start causes no read."""
        return time.monotonic() - self._superseded_at.get(start, float("-inf")) < SUPERSEDED_SECONDS

    async def look_when_due(self) -> None:
        """Wait until new starts are to be read, then read them."""
        await asyncio.sleep(SOONER_SECONDS)
        with contextlib.suppress(TimeoutError):  # time for the regular read
            async with asyncio.timeout(READ_SECONDS - SOONER_SECONDS):
                await self._has_doubts.wait()
        await self.look()

    async def look(self) -> None:
        """Read new starts now. Keeps the known ones when the read fails."""
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
