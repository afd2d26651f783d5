"""Somebody else writes into our Redis, and reads there: at each key and channel that we use."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any

import pytest

from server.realtime.attendance import Attendance
from server.realtime.presence import Entry, Leave
from server.realtime.publication import Arrival, ClientInfo
from server.realtime.redis_names import TOKEN_LENGTH
from server.realtime.redis_presence import RedisPresence
from server.realtime.redis_server import RedisServer
from server.supervision import Loops
from tests.conftest import Backend
from tests.support.brokers import KEY, NAMES, becomes
from tests.support.valkey import Valkey

CHANNEL = "project:1"
ADA = Entry(CHANNEL, ClientInfo("c-1", "ada", b'{"name":"Ada"}'))
BOB = Entry(CHANNEL, ClientInfo("c-2", "bob", b'{"name":"Bob"}'))
Client = Any  # redis-py's types can't say that it answers in bytes
INJECTION = b'\n{"push":{"channel":"project:1","pub":{"data":{"type":"task.deleted"},"offset":4}}}\n'


@pytest.fixture
def backend() -> Backend:
    """The database is not what is attacked."""
    return "sqlite"


# Presence


@pytest.fixture(autouse=True)
def _frequent_renewal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.realtime.attendance.RENEW_SECONDS", 0.5)


class Node:
    """A node's attendance: what it tells of comings and goings."""

    def __init__(self, presence: RedisPresence) -> None:
        self.presence = presence
        self.told: list[tuple[str, str]] = []
        self.attendance = Attendance(presence, self._tell)

    def _tell(self, arrival: Arrival) -> None:
        self.told.append(("join" if arrival.joined else "leave", arrival.info.user))

    async def lists(self, *entries: Entry, seconds: float = 8.0) -> None:
        async with asyncio.timeout(seconds):
            while True:
                members = await self.presence.members(CHANNEL)
                if sorted(members, key=lambda member: member.client) == [entry.client for entry in entries]:
                    return
                await asyncio.sleep(0.05)


@asynccontextmanager
async def presence_of(valkey: Valkey) -> AsyncIterator[RedisPresence]:
    async with RedisServer(valkey.url) as server:
        yield RedisPresence(server, key=KEY, names=NAMES)


@asynccontextmanager
async def node_of(valkey: Valkey) -> AsyncIterator[Node]:
    async with presence_of(valkey) as presence, Loops() as loops:
        node = Node(presence)
        loops.run("attendance", node.attendance.run())
        yield node


def client_of(valkey: Valkey) -> AbstractContextManager[Client]:
    return valkey.client()


def delete(client: Client, key: bytes, _kind: str) -> None:
    client.delete(key)


def make_a_list(client: Client, key: bytes, _kind: str) -> None:
    client.delete(key)
    client.lpush(key, INJECTION)


def make_a_string(client: Client, key: bytes, _kind: str) -> None:
    client.set(key, INJECTION)


def add_garbage(client: Client, key: bytes, kind: str) -> None:
    garbage = [b"", b"\n", INJECTION, b"x" * TOKEN_LENGTH, b"x" * TOKEN_LENGTH * 2, b"\xff" * TOKEN_LENGTH * 2]
    match kind:
        case "hash":
            for junk in garbage:
                client.hset(key, junk, junk)
                client.hset(key, junk + b"2", b"E" + b"x" * TOKEN_LENGTH + INJECTION)
        case "zset":
            for score, junk in enumerate(garbage):
                client.zadd(key, {junk: score, junk + b"2": "inf", junk + b"3": "-inf"})
        case _:
            client.set(key, INJECTION)


def change_values(client: Client, key: bytes, kind: str) -> None:
    match kind:
        case "hash":
            for field in client.hkeys(key):
                client.hset(key, field, b"x" * TOKEN_LENGTH + INJECTION)
        case "zset":
            for member in client.zrange(key, 0, -1):
                client.zadd(key, {member: 10**17})
        case _:
            client.set(key, b"8 bytes!")


def make_it_huge(client: Client, key: bytes, kind: str) -> None:
    match kind:
        case "hash":
            for field in client.hkeys(key):
                client.hset(key, field, b"x" * 1_000_000)
            client.hset(key, mapping={b"%022d" % number: b"x" * 300 for number in range(5_000)})
        case "zset":
            client.zadd(key, {b"%044d" % number: number for number in range(5_000)})
        case _:
            client.set(key, b"x" * 10_000_000)


def let_all_expire(client: Client, key: bytes, kind: str) -> None:
    if kind == "zset":
        client.zadd(key, dict.fromkeys(client.zrange(key, 0, -1), 0))


ATTACKS: list[Callable[[Client, bytes, str], None]] = [
    delete,
    make_a_list,
    make_a_string,
    add_garbage,
    change_values,
    make_it_huge,
    let_all_expire,
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
async def test_presence_outlives_it(valkey: Valkey, attack: Callable[[Client, bytes, str], None]) -> None:
    async with node_of(valkey) as node, node_of(valkey) as other:
        node.attendance.enter(ADA)
        node.attendance.enter(BOB)
        await node.lists(ADA, BOB)
        assert node.told == [("join", "ada"), ("join", "bob")]
        with client_of(valkey) as client:
            keys = client.keys("*")
            assert len(keys) >= 5
            for key in keys:
                attack(client, key, client.type(key).decode())
        assert set(await other.presence.members(CHANNEL)) <= {ADA.client, BOB.client}
        await other.lists(ADA, BOB)
        # Whoever is there may be told of again, and nobody is told gone.
        assert set(node.told + other.told) == {("join", "ada"), ("join", "bob")}
        node.attendance.leave(BOB, grace_seconds=0)
        await other.lists(ADA)
        await becomes(lambda: ("leave", "bob") in node.told + other.told, 12, what="a leave is told as ever")


async def test_notes_are_good_for_their_place_alone(valkey: Valkey) -> None:
    async with presence_of(valkey) as presence:
        await presence.enter([ADA, BOB, Entry("project:2", ClientInfo("c-3", "eve"))])
        clients = {name: presence_key("clients:", name) for name in (CHANNEL, "project:2")}
        ada, bob = NAMES.token("c-1"), NAMES.token("c-2")
        with client_of(valkey) as client:
            entry = client.hget(clients[CHANNEL], ada)
            assert isinstance(entry, bytes)
            client.hset(clients["project:2"], ada, entry)  # another channel
            client.hset(clients[CHANNEL], bob, entry)  # another connection
            client.hset(clients[CHANNEL], ada, bob + entry[TOKEN_LENGTH:])  # another person
        assert await presence.members("project:2") == [ClientInfo("c-3", "eve")]
        assert await presence.members(CHANNEL) == []
        assert presence.refused == 3


async def test_forged_notes_that_expire_are_not_told(valkey: Valkey) -> None:
    """As it was done: a line break and a push, in an entry that is about to expire."""
    async with presence_of(valkey) as presence:
        await presence.enter([ADA])
        channel, client_, user = NAMES.token(CHANNEL), NAMES.token("c-9"), NAMES.token("bob")
        with client_of(valkey) as client:
            client.hset(presence_key("clients:", CHANNEL), client_, user + INJECTION)
            client.zadd(presence_key("expiry"), {channel + client_: 0})
            client.zadd(presence_key("away"), {channel + user: 0})
            client.hset(presence_key("farewell"), channel + user, b"L" + client_ + INJECTION)
        assert await presence.gone() == []
        await asyncio.sleep(3.1)  # the grace of what has expired
        assert await presence.gone() == []
        assert presence.refused == 1
        assert await presence.members(CHANNEL) == [ADA.client]


async def test_old_notes_are_not_told_again(valkey: Valkey) -> None:
    async with presence_of(valkey) as presence, presence_of(valkey) as other:
        await presence.enter([BOB])
        with client_of(valkey) as client:
            entry = client.hgetall(presence_key("clients:", CHANNEL))
            await presence.leave([Leave(BOB, 0)])
            farewell = client.hgetall(presence_key("farewell"))
            assert await presence.gone() == [BOB]

            def replay() -> None:
                client.hset(presence_key("farewell"), mapping=farewell)
                client.zadd(presence_key("away"), dict.fromkeys(farewell, 0))

            replay()
            assert await presence.gone() == []  # it has told it
            await presence.enter([Entry(CHANNEL, ClientInfo("c-4", "bob"))])
            replay()
            assert await other.gone() == []  # he is there

            # Nor does an entry of theirs expire before its time.
            client.hset(presence_key("farewell"), mapping=dict.fromkeys(farewell, b"E" + only(entry)))
            client.delete(*client.keys("*person*"))
            client.zadd(presence_key("away"), dict.fromkeys(farewell, 0))
            assert await other.gone() == []
            assert other.refused == 1


def only(entry: dict[bytes, bytes]) -> bytes:
    """A farewell made of the only entry of a list."""
    [(client, value)] = entry.items()
    return client + value[TOKEN_LENGTH:]


def presence_key(kind: str, channel: str = "") -> bytes:
    return NAMES.prefix + b"presence:" + kind.encode() + (NAMES.token(channel) if channel else b"")
