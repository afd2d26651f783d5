"""The presence of a server that runs as several processes, kept in Redis."""

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
from roomful.realtime.presence.port import Entry, Leave, PresenceLost, PresenceUnavailable
from roomful.realtime.presence.redis_scripts import ENTER, GONE, LEAVE, MEMBERS
from roomful.realtime.publication import ClientInfo

PART = "presence"
ENTRY_SECONDS = 22.0
"""How long an entry lives that its node does not enter again; with the grace and a look at it, below 30 s."""
EXPIRED_GRACE_SECONDS = 3.0
"""After a stop of Redis, entries expire that their nodes are just about to enter again."""
PEOPLE_PER_LOOK = 500
PAGES_PER_LOOK = 20
MEMBERS_READ = 50_000
OPENED_AT_ONCE = 200
"""Then others get their turn of the loop."""

CLOCK_MILLISECONDS = 2_000
"""How far two nodes may be apart about Redis's time, of which each knows from its answers."""
LATE_MILLISECONDS = 60_000
"""How late somebody may be told to be gone: Redis may have stood still meanwhile."""
TOLD_KEPT = 10_000

Kind = Literal[b"E", b"L"]
"""What a note says: that somebody is there (an entry), or leaves."""


_Tokens = tuple[bytes, bytes, bytes]
"""What channel, client and user are called in Redis."""


class _Note(msgspec.Struct, array_like=True, frozen=True, gc=False):
    channel: str
    client: str
    user: str
    info: bytes
    until: int
    """When the entry has to be made anew, or the leave to be told, in milliseconds of Redis's time."""


class RedisPresence:
    """Keeps the lists in Redis, from where every node reads the same.

    Any node finds what has expired, a killed node's entries among it; the script that finds it takes it off the list,
    so that one node alone tells of it.

    What stands in Redis is a note that a node has sealed for this channel, client and user, and for its time. Others
    are skipped, and counted in `refused`; so are notes that are older than an entry lives, and leaves that have been
    told here, are not due, or come long after they were.
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
        self._people: list[Entry] = []  # found, and not handed out before something failed
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
            # One argument for each: the client library takes longer over an argument than over what is in it.
            for entry in entries:
                tokens = self._tokens(entry)
                arguments.append(b"".join((*tokens, self._note(entry, tokens, b"E", until))))
            time_, *firsts = await self._enter(args=arguments)
        self._set_clock(time_)
        return [bool(is_first) for is_first in firsts]

    async def leave(self, leaves: Sequence[Leave]) -> None:
        if not leaves:
            return
        async with self._reaching():
            now = await self._now()
            arguments: list[bytes | int] = [self._prefix]
            for entry, grace_seconds in leaves:
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
        """The last connection of somebody who is gone, if a node says so, or has not entered them again in time."""
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
                msgspec.json.decode(note.info, type=msgspec.Raw)  # it goes into lines of JSON as it is
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
