"""Presence in the memory of a single process."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from roomful.realtime.presence.port import Entry, Removal
from roomful.realtime.publication import ClientInfo


class _Away(NamedTuple):
    last: Entry
    until: float


@dataclass(slots=True)
class _List:
    clients: dict[str, ClientInfo] = field(default_factory=dict)
    connections_of: Counter[str] = field(default_factory=Counter)


class MemoryPresence:
    """Keeps the lists in this process. Entries don't expire: they end with the process that made them.

    `who` names the person of a connection, by default its user: a person joins once and leaves once.
    """

    def __init__(self, who: Callable[[ClientInfo], str] = attrgetter("user")) -> None:
        self._who = who
        self.refused = 0
        self._lists: dict[str, _List] = {}
        self._away: dict[tuple[str, str], _Away] = {}

    async def enter(self, entries: Sequence[Entry]) -> list[bool]:
        return [self._enter(entry) for entry in entries]

    async def leave(self, removals: Sequence[Removal]) -> None:
        for removal in removals:
            self._leave(removal)

    async def gone(self) -> list[Entry]:
        now = time.monotonic()
        gone = [key for key, away in self._away.items() if away.until <= now]
        return [self._away.pop(key).last for key in gone]

    async def members(self, channel: str) -> list[ClientInfo]:
        present = self._lists.get(channel)
        return list(present.clients.values()) if present else []

    def _enter(self, entry: Entry) -> bool:
        present = self._lists.setdefault(entry.channel, _List())
        client = entry.client
        is_new = client.client not in present.clients
        present.clients[client.client] = client
        who = self._who(client)
        present.connections_of[who] += is_new
        if not is_new or present.connections_of[who] > 1:
            return False
        return self._away.pop((entry.channel, who), None) is None

    def _leave(self, removal: Removal) -> None:
        channel, client = removal.entry
        present = self._lists.get(channel)
        if present is None or present.clients.pop(client.client, None) is None:
            return
        who = self._who(client)
        present.connections_of[who] -= 1
        if not present.connections_of[who]:
            del present.connections_of[who]
            self._away[channel, who] = _Away(removal.entry, time.monotonic() + removal.grace_seconds)
        if not present.clients:
            del self._lists[channel]
