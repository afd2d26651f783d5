"""Comings and goings of this process's connections, on their way to the presence list."""

import asyncio
import contextlib
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from roomful.realtime.presence.port import Entry, Leave, Presence, PresenceLost, PresenceUnavailable
from roomful.realtime.publication import Arrival, ClientInfo

BATCH = 200
GATHER_SECONDS = 0.02
"""After a batch, for what comes to be carried together: a trip to the list costs as much as many entries of it."""
RENEW_SECONDS = 10.0
LOOK_SECONDS = 0.5
"""How often to ask who is gone."""
MAX_BACKOFF_SECONDS = 1.0

BLINK_SECONDS = 2.0
"""For so long a person whose last connection is lost is not away: a page was loaded anew, a network changed."""
RESTART_SECONDS = 10.0
"""The same for connections that a stopping node has sent elsewhere."""

_Key = tuple[str, str]


class _Note(NamedTuple):
    """What is to be done; with a grace, the connection leaves."""

    entry: Entry
    grace_seconds: float | None


@dataclass(slots=True)
class PresenceCounters:
    outages: int = 0
    rebuilt: int = 0


class PresenceRecorder:
    """Enters and removes connections in the order they came, in batches, and tells channels who joins and leaves.

    A channel hears of people, not of connections: a join with the first one, a leave after the last.

    No socket ever waits for the presence list: what is to be done is noted here, at most one note per connection and
    channel, and done by `run`. While the list is out of reach the notes stay, except those of connections that have
    come and gone meanwhile.
    """

    def __init__(self, presence: Presence, publish: Callable[[Arrival], None]) -> None:
        self._presence = presence
        self._publish = publish
        self._notes: dict[_Key, _Note] = {}
        self._here: dict[_Key, ClientInfo] = {}  # what may be on the list by our doing
        self._to_renew: deque[_Key] = deque()
        self._is_rebuilding = False
        self._renew_at = 0.0
        self._look_at = 0.0
        self._has_notes = asyncio.Event()
        self._is_settled = asyncio.Event()
        self.counters = PresenceCounters()

    def enter(self, entry: Entry) -> None:
        """Note that a connection has come. Never waits."""
        self._note(_key(entry), _Note(entry, None))

    def leave(self, entry: Entry, *, grace_seconds: float) -> None:
        """Note that a connection goes. If it was its person's last, the channel hears of it after the grace."""
        key = _key(entry)
        if key in self._here:
            self._note(key, _Note(entry, grace_seconds))
        else:
            self._notes.pop(key, None)  # it was never on the list

    async def settle(self, seconds: float = 1.0) -> None:
        """Wait until what was noted before this call is on the list, or this long at most."""
        if self._notes:
            with contextlib.suppress(TimeoutError):  # the list is read as it is: better than no answer
                async with asyncio.timeout(seconds):
                    await self._is_settled.wait()

    async def run(self) -> None:
        """Carry notes to the list for ever, renew this node's entries there, and tell who is gone."""
        delay = 0.1
        while True:
            await self._next_work()
            try:
                await self._carry()
                await self._look()
                await self._renew()
                delay = 0.1
                if len(self._notes) < BATCH and not self._to_renew:
                    await asyncio.sleep(GATHER_SECONDS)
            except PresenceUnavailable:
                self.counters.outages += 1
                # What has expired meanwhile is entered again as soon as that is possible.
                self._look_at = self._renew_at = 0.0
                self._to_renew.clear()
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))
                delay = min(delay * 2, MAX_BACKOFF_SECONDS)

    def _note(self, key: _Key, note: _Note) -> None:
        # Re-inserted, so that a connection's notes are carried in the order of what it did last.
        self._notes.pop(key, None)
        self._notes[key] = note
        self._has_notes.set()
        self._is_settled.clear()

    async def _next_work(self) -> None:
        if self._to_renew:
            return
        with contextlib.suppress(TimeoutError):  # then it is time to look
            async with asyncio.timeout(LOOK_SECONDS):
                await self._has_notes.wait()

    async def _carry(self) -> None:
        batch = list(islice(self._notes.items(), BATCH))
        coming = [note.entry for _, note in batch if note.grace_seconds is None]
        going = [Leave(note.entry, note.grace_seconds) for _, note in batch if note.grace_seconds is not None]
        for entry in coming:
            self._here[_key(entry)] = entry.client  # before the call: its answer may be lost
        if coming:
            self._tell_joins(coming, await self._presence.enter(coming))
        if going:
            await self._presence.leave(going)
        for leave in going:
            self._here.pop(_key(leave.entry), None)
        if any(leave.grace_seconds == 0 for leave in going):
            self._look_at = 0.0
        for key, note in batch:
            if self._notes.get(key) is note:  # else it has changed its mind meanwhile: that is carried next
                del self._notes[key]
        if not self._notes:
            self._has_notes.clear()
            self._is_settled.set()

    async def _look(self) -> None:
        """Tell who is gone, wherever they were connected: the node that had them may be dead."""
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        try:
            gone = await self._presence.gone()
        except PresenceLost:
            self.counters.rebuilt += 1
            self._is_rebuilding = True
            self._to_renew = deque(self._here)
            return
        for entry in gone:
            self._publish(Arrival(entry.channel, entry.client, joined=False))
        if now >= self._renew_at and not self._to_renew:
            self._renew_at = now + RENEW_SECONDS * random.uniform(0.8, 1.0)
            self._to_renew = deque(self._here)

    async def _renew(self) -> None:
        """Enter one batch again of what is to be renewed. A round begins with a look: then a loss is known."""
        if not self._to_renew:
            return
        keys = [self._to_renew.popleft() for _ in range(min(BATCH, len(self._to_renew)))]
        entries = [Entry(key[0], self._here[key]) for key in keys if key in self._here]
        firsts = await self._presence.enter(entries)
        # Others were told that somebody had gone who was only cut off from the list. After a loss of the whole list
        # nobody was.
        if not self._is_rebuilding:
            self._tell_joins(entries, firsts)
        if not self._to_renew:
            self._is_rebuilding = False

    def _tell_joins(self, entries: list[Entry], firsts: list[bool]) -> None:
        for entry, is_first in zip(entries, firsts, strict=True):
            if is_first:
                self._publish(Arrival(entry.channel, entry.client, joined=True))


def _key(entry: Entry) -> _Key:
    return entry.channel, entry.client.client
