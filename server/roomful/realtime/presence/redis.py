"""Presence for several processes, in Redis."""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Literal

import msgspec

from roomful.link.redis_names import TOKEN_LENGTH, RedisNames
from roomful.link.redis_server import DEADLINE_SECONDS, UNREACHABLE, RedisServer
from roomful.link.sealing import Forged, NotSealed, Sealer
from roomful.realtime.presence.port import Entry, PresenceLost, PresenceUnavailable, Removal
from roomful.realtime.presence.redis_scripts import ENTER, GONE, LEAVE, MEMBERS
from roomful.realtime.publication import ClientInfo

PART = "presence"
ENTRY_SECONDS = 22.0
"""How long an entry lives without renewal; with the grace period and a poll it stays below 30 s."""
EXPIRED_GRACE_SECONDS = 3.0
"""After a pause of Redis, entries expire that their nodes are about to renew."""
PEOPLE_PER_LOOK = 500
PAGES_PER_LOOK = 20
MEMBERS_READ = 50_000
OPENED_AT_ONCE = 200
"""Between two yields to the loop."""

CLOCK_MILLISECONDS = 2_000
"""How far apart two nodes' estimates of Redis's time may be; each estimates it from Redis's replies."""
LATE_MILLISECONDS = 60_000
"""How late a leave may be published: Redis may have been paused."""
TOLD_KEPT = 10_000

Kind = Literal[b"E", b"L"]
"""The two kinds of note: an entry, or a leave."""

_Tokens = tuple[bytes, bytes, bytes]
"""The tokens of channel, client and user in Redis."""


class _Note(msgspec.Struct, array_like=True, frozen=True, gc=False):
    channel: str
    client: str
    user: str
    info: bytes
    until: int
    """When the entry expires, or the leave is due, in milliseconds of Redis's time."""


class RedisPresence:
    """Keeps the lists in Redis, where every node reads the same.

    Any node may find an expired entry, such as one of a killed node. The script that finds it removes it, so only one
    node publishes the leave.

    Redis holds notes that a node has sealed for one channel, client, user and time. Other notes are skipped and
    counted in `refused`; so are notes that outlived their entry, and leaves that are not due, long overdue, or already
    published here.
    """

    def __init__(
        self, server: RedisServer, *, key: bytes, names: RedisNames, entry_seconds: float = ENTRY_SECONDS
    ) -> None:
        self._server = server
        self._names = names
        self._prefix = names.prefix + b"presence:"
        self._sealer = Sealer(key, purpose=b"presence")
        self._entry_milliseconds = int(entry_seconds * 1000)
        self._enter = server.commands.register_script(ENTER)
        self._leave = server.commands.register_script(LEAVE)
        self._gone = server.commands.register_script(GONE)
        self._members = server.commands.register_script(MEMBERS)
        self._born: bytes | None = None
        self._clock_ahead: int | None = None
        self._people: list[Entry] = []  # found by an earlier `gone` that failed
        self._told: OrderedDict[bytes, None] = OrderedDict()
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(_Note)
        self.refused = 0

    async def enter(self, entries: Sequence[Entry]) -> list[bool]:
        if not entries:
            return []
        async with self._reaching():
            until = await self._now() + self._entry_milliseconds
            arguments: list[bytes | int] = [self._prefix, self._entry_milliseconds]
            # One argument for each entry: the client library spends more on an argument than on its bytes.
            for entry in entries:
                tokens = self._tokens(entry)
                arguments.append(b"".join((*tokens, self._note(entry, tokens, b"E", until))))
            time_, *firsts = await self._enter(args=arguments)
        self._set_clock(time_)
        return [bool(is_first) for is_first in firsts]

    async def leave(self, removals: Sequence[Removal]) -> None:
        if not removals:
            return
        async with self._reaching():
            now = await self._now()
            arguments: list[bytes | int] = [self._prefix]
            for entry, grace_seconds in removals:
                grace = int(grace_seconds * 1000)
                tokens = self._tokens(entry)
                arguments += (*tokens, grace, self._note(entry, tokens, b"L", now + grace))
            [time_] = await self._leave(args=arguments)
        self._set_clock(time_)

    async def gone(self) -> list[Entry]:
        grace = int(EXPIRED_GRACE_SECONDS * 1000)
        arguments: list[bytes | int] = [self._prefix, secrets.token_bytes(8), grace, PEOPLE_PER_LOOK]
        for _ in range(PAGES_PER_LOOK):
            async with self._reaching():
                time_, born, looked_at, *found = await self._gone(args=arguments)
            self._set_clock(time_)
            pairs = zip(found[::2], found[1::2], strict=True)
            self._people += (last for who, farewell in pairs if (last := self._last_of(who, farewell, time_)))
            before, self._born = self._born, born
            if before not in (None, born):
                raise PresenceLost
            if looked_at < PEOPLE_PER_LOOK:
                break
        people, self._people = self._people, []
        return people

    async def members(self, channel: str) -> list[ClientInfo]:
        token = self._names.token(channel)
        async with self._reaching():
            time_, *found = await self._members(args=[self._prefix, token, MEMBERS_READ])
        self._set_clock(time_)
        members: list[ClientInfo] = []
        for place in range(0, len(found), 2):
            client, entry = found[place : place + 2]
            if (member := self._member(token, client, entry, time_)) is not None:
                members.append(member)
            if place % OPENED_AT_ONCE == 0:
                await asyncio.sleep(0)
        return members

    # Notes

    def _tokens(self, entry: Entry) -> _Tokens:
        token, client = self._names.token, entry.client
        return token(entry.channel), token(client.client), token(client.user)

    def _note(self, entry: Entry, tokens: _Tokens, kind: Kind, until: int) -> bytes:
        channel, client = entry
        content = self._encoder.encode(_Note(channel, client.client, client.user, client.info, until))
        return self._sealer.seal(content, self._context(kind, *tokens))

    def _context(self, kind: Kind, channel: bytes, client: bytes, user: bytes) -> bytes:
        return b"%b%b%b%b%b" % (self._prefix, kind, channel, client, user)

    def _member(self, channel: bytes, client: bytes, entry: bytes, now: int) -> ClientInfo | None:
        user, sealed = entry[:TOKEN_LENGTH], entry[TOKEN_LENGTH:]
        note = self._opened(sealed, self._context(b"E", channel, client, user))
        if note is None or not -CLOCK_MILLISECONDS < note.until - now < self._entry_milliseconds + CLOCK_MILLISECONDS:
            self.refused += 1
            return None
        return ClientInfo(note.client, note.user, note.info)

    def _last_of(self, who: bytes, farewell: bytes, now: int) -> Entry | None:
        """The last connection of a person who is gone, if a node's note says so, or was not renewed in time."""
        client, sealed = farewell[1 : 1 + TOKEN_LENGTH], farewell[1 + TOKEN_LENGTH :]
        kind: Kind = b"L" if farewell[:1] == b"L" else b"E"
        note = self._opened(sealed, self._context(kind, who[:TOKEN_LENGTH], client, who[TOKEN_LENGTH:]))
        is_due = note is not None and -CLOCK_MILLISECONDS < now - note.until < LATE_MILLISECONDS
        if note is None or not is_due or sealed in self._told:
            self.refused += 1
            return None
        self._told[sealed] = None
        if len(self._told) > TOLD_KEPT:
            self._told.popitem(last=False)
        return Entry(note.channel, ClientInfo(note.client, note.user, note.info))

    def _opened(self, sealed: bytes, context: bytes) -> _Note | None:
        try:
            note = self._decoder.decode(self._sealer.open(sealed, context).content)
            if note.info:
                msgspec.json.decode(note.info, type=msgspec.Raw)  # it is spliced into lines of JSON
        except (NotSealed, Forged, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return None if b"\n" in note.info or b"\r" in note.info else note

    # Redis's clock

    async def _now(self) -> int:
        if self._clock_ahead is None:
            seconds, microseconds = await self._server.commands.time()
            self._set_clock(seconds * 1000 + microseconds // 1000)
        return _milliseconds() + (self._clock_ahead or 0)

    def _set_clock(self, redis_milliseconds: int) -> None:
        self._clock_ahead = redis_milliseconds - _milliseconds()

    @asynccontextmanager
    async def _reaching(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                yield
        except UNREACHABLE as error:
            self._server.lost(PART, error)
            raise PresenceUnavailable from error
        self._server.found(PART)


def _milliseconds() -> int:
    return time.monotonic_ns() // 1_000_000
