"""Records this process's connections in the presence list."""

import asyncio
import contextlib
import random
import time
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

from roomful.realtime.presence.port import Entry, Presence, PresenceLost, PresenceUnavailable, Removal
from roomful.realtime.publication import ClientInfo, Join, Leave

BATCH = 200
GATHER_SECONDS = 0.02
"""Wait between batches, so that more is sent in one trip: a trip to the list costs as much as many entries."""
RENEW_SECONDS = 10.0
GONE_SECONDS = 0.5
"""How often to ask for the people who are gone."""
MAX_BACKOFF_SECONDS = 1.0

BLINK_SECONDS = 2.0
"""Grace period after a person's last connection: a page is reloaded, or a network changes."""
RESTART_SECONDS = 10.0
"""Grace period for the connections that a stopping node closes."""

_Key = tuple[str, str]


class _Note(NamedTuple):
    """A pending change: an entry, or with a grace period its removal."""

    entry: Entry
    grace_seconds: float | None


class PresenceRecorder:
    """Enters and removes connections in order, in batches, and publishes joins and leaves to their channels.

    Joins and leaves are of people: a join with the first connection, a leave after the last.

    No socket waits for the presence list: `enter` and `leave` keep a note, at most one per connection and channel, and
    `run` carries the notes to the list. While the list is out of reach the notes stay, except those of connections that
    have come and gone meanwhile.
    """

    def __init__(self, presence: Presence, publish: Callable[[Join | Leave], None]) -> None:
        self._presence = presence
        self._publish = publish
        self._notes: dict[_Key, _Note] = {}
        self._here: dict[_Key, ClientInfo] = {}  # what this node may have put on the list
        self._to_renew: deque[_Key] = deque()
        self._is_rebuilding = False
        self._renew_at = 0.0
        self._ask_gone_at = 0.0
        self._has_notes = asyncio.Event()
        self._is_settled = asyncio.Event()

    def enter(self, entry: Entry) -> None:
        """Note a new connection. Never waits."""
        self._note(_key(entry), _Note(entry, None))

    def leave(self, entry: Entry, *, grace_seconds: float) -> None:
        """Note the end of a connection. If it was its person's last, a leave is published after the grace period."""
        key = _key(entry)
        if key in self._here:
            self._note(key, _Note(entry, grace_seconds))
        else:
            self._notes.pop(key, None)  # it was never on the list

    async def settle(self, seconds: float = 1.0) -> None:
        """Wait until the notes of earlier calls are on the list, at most this long."""
        if self._notes:
            with contextlib.suppress(TimeoutError):  # an answer from an older list is better than none
                async with asyncio.timeout(seconds):
                    await self._is_settled.wait()

    async def run(self) -> None:
        """Carry notes to the list for ever, renew this node's entries, and publish leaves."""
        delay = 0.1
        while True:
            await self._next_work()
            try:
                await self._carry()
                await self._publish_leaves()
                await self._renew()
                delay = 0.1
                if len(self._notes) < BATCH and not self._to_renew:
                    await asyncio.sleep(GATHER_SECONDS)
            except PresenceUnavailable:
                # Entries that expire meanwhile are renewed as soon as the list is back.
                self._ask_gone_at = self._renew_at = 0.0
                self._to_renew.clear()
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))
                delay = min(delay * 2, MAX_BACKOFF_SECONDS)

    def _note(self, key: _Key, note: _Note) -> None:
        # Re-inserted, so that notes are carried in the order of each connection's last change.
        self._notes.pop(key, None)
        self._notes[key] = note
        self._has_notes.set()
        self._is_settled.clear()

    async def _next_work(self) -> None:
        if self._to_renew:
            return
        with contextlib.suppress(TimeoutError):  # time to ask for those gone
            async with asyncio.timeout(GONE_SECONDS):
                await self._has_notes.wait()

    async def _carry(self) -> None:
        batch = list(islice(self._notes.items(), BATCH))
        coming = [note.entry for _, note in batch if note.grace_seconds is None]
        going = [Removal(note.entry, note.grace_seconds) for _, note in batch if note.grace_seconds is not None]
        for entry in coming:
            self._here[_key(entry)] = entry.client  # before the call: its answer may be lost
        if coming:
            self._publish_joins(coming, await self._presence.enter(coming))
        if going:
            await self._presence.leave(going)
        for removal in going:
            self._here.pop(_key(removal.entry), None)
        if any(removal.grace_seconds == 0 for removal in going):
            self._ask_gone_at = 0.0
        for key, note in batch:
            if self._notes.get(key) is note:  # otherwise a newer note of this connection is carried next
                del self._notes[key]
        if not self._notes:
            self._has_notes.clear()
            self._is_settled.set()

    async def _publish_leaves(self) -> None:
        """Publish the leaves of people who are gone, whichever node they were connected to: it may be dead."""
        now = time.monotonic()
        if now < self._ask_gone_at:
            return
        self._ask_gone_at = now + GONE_SECONDS
        try:
            gone = await self._presence.gone()
        except PresenceLost:
            self._is_rebuilding = True
            self._to_renew = deque(self._here)
            return
        for entry in gone:
            self._publish(Leave(entry.channel, entry.client))
        if now >= self._renew_at and not self._to_renew:
            self._renew_at = now + RENEW_SECONDS * random.uniform(0.8, 1.0)
            self._to_renew = deque(self._here)

    async def _renew(self) -> None:
        """Renew one batch of entries. A round begins after `gone`, which reports a lost list."""
        if not self._to_renew:
            return
        keys = [self._to_renew.popleft() for _ in range(min(BATCH, len(self._to_renew)))]
        entries = [Entry(key[0], self._here[key]) for key in keys if key in self._here]
        firsts = await self._presence.enter(entries)
        # An entry that had expired was announced as a leave, so its person joins again. When the whole list was lost,
        # no leaves were published.
        if not self._is_rebuilding:
            self._publish_joins(entries, firsts)
        if not self._to_renew:
            self._is_rebuilding = False

    def _publish_joins(self, entries: list[Entry], firsts: list[bool]) -> None:
        for entry, is_first in zip(entries, firsts, strict=True):
            if is_first:
                self._publish(Join(entry.channel, entry.client))


def _key(entry: Entry) -> _Key:
    return entry.channel, entry.client.client
