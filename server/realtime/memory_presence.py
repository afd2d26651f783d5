"""The presence of a server that runs as one process."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from server.realtime.presence import Entry
from server.realtime.publication import ClientInfo


@dataclass(slots=True)
class _List:
    clients: dict[str, ClientInfo] = field(default_factory=dict)
    connections_of: Counter[str] = field(default_factory=Counter)


class MemoryPresence:
    """Keeps the lists in this process; nothing expires, since nobody else can die."""

    def __init__(self) -> None:
        self._lists: dict[str, _List] = {}

    async def enter(self, entries: Sequence[Entry]) -> list[bool]:
        return [self._enter(entry) for entry in entries]

    async def leave(self, entries: Sequence[Entry]) -> list[bool]:
        return [self._leave(entry) for entry in entries]

    async def renew(self, entries: Sequence[Entry]) -> None:
        return None

    async def members(self, channel: str) -> list[ClientInfo]:
        present = self._lists.get(channel)
        return list(present.clients.values()) if present else []

    def _enter(self, entry: Entry) -> bool:
        present = self._lists.setdefault(entry.channel, _List())
        client = entry.client
        if client.client not in present.clients:
            present.connections_of[client.user] += 1
        present.clients[client.client] = client
        return present.connections_of[client.user] == 1

    def _leave(self, entry: Entry) -> bool:
        present = self._lists.get(entry.channel)
        client = present.clients.pop(entry.client.client, None) if present else None
        if present is None or client is None:
            return False
        present.connections_of[client.user] -= 1
        is_last = not present.connections_of[client.user]
        if is_last:
            del present.connections_of[client.user]
        if not present.clients:
            del self._lists[entry.channel]
        return is_last
