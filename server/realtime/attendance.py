"""Comings and goings of this process's connections, on their way to the presence list."""

import asyncio
import logging
import random
from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

from server.realtime.policy import Joins
from server.realtime.presence import Entry, Presence, PresenceUnavailable
from server.realtime.publication import Arrival

logger = logging.getLogger(__name__)

BATCH = 200
RENEW_SECONDS = 10.0


class _Note(NamedTuple):
    entry: Entry
    is_coming: bool
    joins: Joins


class Attendance:
    """Enters and removes connections in the order they came, in batches, and tells the channel (join, leave).

    No socket ever waits for the presence list: what is to be done is noted here, at most one note per connection and
    channel, and done by `run`. While the list is out of reach the notes stay.
    """

    def __init__(self, presence: Presence, publish: Callable[[Arrival], None]) -> None:
        self._presence = presence
        self._publish = publish
        self._here: dict[tuple[str, str], Entry] = {}
        self._notes: dict[tuple[str, str], _Note] = {}
        self._has_notes = asyncio.Event()
        self._done = asyncio.Condition()

    def enter(self, entry: Entry, *, joins: Joins) -> None:
        """Note that a connection has come. `joins` says whether the channel hears of it."""
        self._note(entry, is_coming=True, joins=joins)

    def leave(self, entry: Entry, *, joins: Joins) -> None:
        self._note(entry, is_coming=False, joins=joins)

    async def settle(self, seconds: float = 1.0) -> None:
        """Wait until what was noted before this call is on the list, or this long at most."""
        if not self._notes:
            return
        try:
            async with asyncio.timeout(seconds), self._done:
                await self._done.wait_for(lambda: not self._notes)
        except TimeoutError:
            return  # the list is read as it is: better than no answer

    async def run(self) -> None:
        """Carry notes to the list for ever, and renew this node's entries there."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._carry_forever())
            group.create_task(self._renew_forever())

    def _note(self, entry: Entry, *, is_coming: bool, joins: Joins) -> None:
        key = (entry.channel, entry.client.client)
        # Re-inserted, so that a connection's notes are carried in the order of what it did last.
        self._notes.pop(key, None)
        self._notes[key] = _Note(entry, is_coming, joins)
        self._has_notes.set()

    async def _carry_forever(self) -> None:
        delay = 0.1
        while True:
            await self._has_notes.wait()
            try:
                await self._carry()
                delay = 0.1
            except PresenceUnavailable:
                logger.warning("the presence list is out of reach; what happened meanwhile is kept")
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))
                delay = min(delay * 2, 5.0)

    async def _carry(self) -> None:
        batch = list(islice(self._notes.items(), BATCH))
        coming = [note for _, note in batch if note.is_coming]
        going = [note for _, note in batch if not note.is_coming]
        firsts = await self._presence.enter([note.entry for note in coming]) if coming else []
        lasts = await self._presence.leave([note.entry for note in going]) if going else []
        for key, note in batch:
            if self._notes.get(key) is note:  # else it has changed its mind meanwhile: that is carried next
                del self._notes[key]
        self._tell(coming, firsts, joined=True)
        self._tell(going, lasts, joined=False)
        if not self._notes:
            self._has_notes.clear()
            async with self._done:
                self._done.notify_all()

    def _tell(self, notes: list[_Note], is_edge: list[bool], *, joined: bool) -> None:
        for note, is_first_or_last in zip(notes, is_edge, strict=True):
            entry = note.entry
            key = (entry.channel, entry.client.client)
            was_here = key in self._here
            if joined:
                self._here[key] = entry
            else:
                self._here.pop(key, None)
            is_told = note.joins == "connection" or (note.joins == "person" and is_first_or_last)
            if is_told and was_here != joined:
                self._publish(Arrival(entry.channel, entry.client, joined))

    async def _renew_forever(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS * random.uniform(0.8, 1.0))
            entries = list(self._here.values())
            for start in range(0, len(entries), BATCH):
                try:
                    await self._presence.renew(entries[start : start + BATCH])
                except PresenceUnavailable:
                    logger.warning("the presence list is out of reach; renewing again soon")
                    break
