"""The presence of a server that runs as several processes, kept in Redis."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

from server.realtime.presence import Entry, Leave, PresenceLost, PresenceUnavailable
from server.realtime.publication import ClientInfo
from server.realtime.redis_names import RedisNames
from server.realtime.redis_presence_scripts import ENTER, GONE, LEAVE
from server.realtime.redis_server import DEADLINE_SECONDS, UNREACHABLE, RedisServer

PART = "presence"
ENTRY_SECONDS = 22.0
"""How long an entry lives that its node does not enter again; with the grace and a look at it, below 30 s."""
EXPIRED_GRACE_SECONDS = 3.0
"""After a stop of Redis, entries expire that their nodes are just about to enter again."""
PEOPLE_PER_LOOK = 500


class RedisPresence:
    """Keeps the lists in Redis, from where every node reads the same.

    Any node finds what has expired, a killed node's entries among it; the script that finds it takes it off the list,
    so that one node alone tells of it.
    """

    def __init__(self, server: RedisServer, *, names: RedisNames, entry_seconds: float = ENTRY_SECONDS) -> None:
        self._server = server
        self._prefix = names.prefix + b"presence:"
        self._entry_milliseconds = int(entry_seconds * 1000)
        self._enter = server.commands.register_script(ENTER)
        self._leave = server.commands.register_script(LEAVE)
        self._gone = server.commands.register_script(GONE)
        self._born: bytes | None = None

    async def enter(self, entries: Sequence[Entry]) -> list[bool]:
        if not entries:
            return []
        arguments: list[bytes | str | int] = [self._prefix, self._entry_milliseconds]
        # One argument for each: the client library takes longer over an argument than over what is in it.
        for channel, client in entries:
            arguments.append(f"{channel}\n{client.client}\n{client.user}\n".encode() + client.info)
        async with self._reaching():
            return [bool(is_first) for is_first in await self._enter(args=arguments)]

    async def leave(self, leaves: Sequence[Leave]) -> None:
        if not leaves:
            return
        arguments: list[bytes | str | int] = [self._prefix]
        for (channel, client), grace_seconds in leaves:
            arguments += (channel, client.client, int(grace_seconds * 1000))
        async with self._reaching():
            await self._leave(args=arguments)

    async def gone(self) -> list[Entry]:
        arguments: list[bytes | str | int] = [self._prefix]
        arguments += (secrets.token_bytes(8), int(EXPIRED_GRACE_SECONDS * 1000), PEOPLE_PER_LOOK)
        people: list[Entry] = []
        looked_at = PEOPLE_PER_LOOK
        while looked_at == PEOPLE_PER_LOOK:
            async with self._reaching():
                born, looked_at, *found = await self._gone(args=arguments)
            people += map(_gone_entry, found[::2], found[1::2])
            before, self._born = self._born, born
            if before not in (None, born):
                raise PresenceLost
        return people

    async def members(self, channel: str) -> list[ClientInfo]:
        async with self._reaching():
            clients = await self._server.commands.hgetall((self._prefix + b"clients:" + channel.encode()).decode())
        # redis-py answers in bytes, since it was not asked to decode; its types can't say so.
        return [_client(cast("bytes", client), cast("bytes", entry)) for client, entry in clients.items()]

    @asynccontextmanager
    async def _reaching(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                yield
        except UNREACHABLE as error:
            self._server.lost(PART, error)
            raise PresenceUnavailable from error
        self._server.found(PART)


def _client(client: bytes, entry: bytes) -> ClientInfo:
    user, _, info = entry.partition(b"\n")
    return ClientInfo(client.decode(), user.decode(), info)


def _gone_entry(person: bytes, farewell: bytes) -> Entry:
    channel, _, user = person.decode().partition("\n")
    client, _, info = farewell.partition(b"\n")
    return Entry(channel, ClientInfo(client.decode(), user, info))
