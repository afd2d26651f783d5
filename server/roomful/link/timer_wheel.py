"""Coarse timers: one task for all connections of the process."""

import asyncio
import time
from typing import Protocol

TICK_SECONDS = 0.25


class Timed(Protocol):
    """An entry of the wheel."""

    def due(self, now: float) -> float | None:
        """Do what is due, synchronously. Returns seconds until the next call, None for never. `now` is monotonic."""


class TimerWheel:
    """Calls `due` of each entry at its time, up to one tick late. An entry has one time."""

    def __init__(self) -> None:
        self._spokes: dict[int, set[Timed]] = {}
        self._places: dict[Timed, int] = {}

    def __len__(self) -> int:
        return len(self._places)

    def put(self, entry: Timed, seconds: float) -> None:
        """Call the entry in this many seconds. Replaces its earlier time."""
        self.remove(entry)
        place = self._now() + max(1, round(seconds / TICK_SECONDS))
        self._places[entry] = place
        spoke = self._spokes.get(place)
        if spoke is None:
            spoke = self._spokes[place] = set()
        spoke.add(entry)

    def remove(self, entry: Timed) -> None:
        """Idempotent."""
        place = self._places.pop(entry, None)
        spoke = None if place is None else self._spokes.get(place)
        if place is not None and spoke is not None:  # otherwise `_turn` has popped the spoke, and checks the places
            spoke.discard(entry)
            if not spoke:
                del self._spokes[place]

    async def run(self) -> None:
        """Turn for ever."""
        reached = self._now()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            until = self._now()
            for place in range(reached + 1, until + 1):
                self._turn(place)
            reached = until

    def _turn(self, place: int) -> None:
        now = time.monotonic()
        for entry in self._spokes.pop(place, set()):
            if self._places.get(entry) != place:
                continue  # an earlier entry of this turn has removed or moved it
            del self._places[entry]
            seconds = entry.due(now)
            if seconds is not None:
                self.put(entry, seconds)

    @staticmethod
    def _now() -> int:
        return int(time.monotonic() / TICK_SECONDS)
