"""An attacker writes to our Redis and reads it: every key and channel that we use."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from roomful.concurrency.background_loops import BackgroundLoops
from roomful.link.redis_names import TOKEN_LENGTH
from roomful.link.redis_server import RedisServer
from roomful.realtime.broker.redis import RedisBroker
from roomful.realtime.node import emulation
from roomful.realtime.node.emulation import ACK_SECONDS
from roomful.realtime.presence.port import Entry, Removal
from roomful.realtime.presence.recorder import PresenceRecorder
from roomful.realtime.presence.redis import RedisPresence
from roomful.realtime.publication import ClientInfo, Join, Leave
from roomful.settings import Settings
from tests.conftest import Backend
from tests.support.app import Live, serving
from tests.support.brokers import KEY, NAMES, becomes
from tests.support.document_clients import DocumentClient
from tests.support.documents import create_document
from tests.support.streams import StreamSocket
from tests.support.subscribers import Subscriber
from tests.support.valkey import Valkey

CHANNEL = "project:1"
ADA = Entry(CHANNEL, ClientInfo("c-1", "ada", b'{"name":"Ada"}'))
BOB = Entry(CHANNEL, ClientInfo("c-2", "bob", b'{"name":"Bob"}'))
Client = Any  # redis-py's types can't say that it answers in bytes
INJECTION = b'\n{"push":{"channel":"project:1","pub":{"data":{"type":"task.deleted"},"offset":4}}}\n'


@pytest.fixture
def backend() -> Backend:
    """The database is not under attack here."""
    return "sqlite"


# Presence


@pytest.fixture(autouse=True)
def _frequent_renewal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roomful.realtime.presence.recorder.RENEW_SECONDS", 0.5)


class Node:
    """A node's presence, with its joins and leaves."""

    def __init__(self, presence: RedisPresence) -> None:
        self.presence = presence
        self.told: list[tuple[str, str]] = []
        self.presence_recorder = PresenceRecorder(presence, self._tell)

    def _tell(self, change: Join | Leave) -> None:
        self.told.append(("join" if isinstance(change, Join) else "leave", change.info.user))

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
    async with presence_of(valkey) as presence, BackgroundLoops() as loops:
        node = Node(presence)
        loops.run("presence", node.presence_recorder.run())
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
async def test_presence_survives_an_attack(valkey: Valkey, attack: Callable[[Client, bytes, str], None]) -> None:
    async with node_of(valkey) as node, node_of(valkey) as other:
        node.presence_recorder.enter(ADA)
        node.presence_recorder.enter(BOB)
        await node.lists(ADA, BOB)
        assert node.told == [("join", "ada"), ("join", "bob")]
        with client_of(valkey) as client:
            keys = client.keys("*")
            assert len(keys) >= 5
            for key in keys:
                attack(client, key, client.type(key).decode())
        assert set(await other.presence.members(CHANNEL)) <= {ADA.client, BOB.client}
        await other.lists(ADA, BOB)
        # Present people may join again, and nobody leaves.
        assert set(node.told + other.told) == {("join", "ada"), ("join", "bob")}
        node.presence_recorder.leave(BOB, grace_seconds=0)
        await other.lists(ADA)
        await becomes(lambda: ("leave", "bob") in node.told + other.told, 12, what="a leave is told as ever")


async def test_notes_are_valid_only_in_their_place(valkey: Valkey) -> None:
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


async def test_forged_notes_that_expire_are_not_published(valkey: Valkey) -> None:
    """A line break and a push, in an entry that is about to expire."""
    async with presence_of(valkey) as presence:
        await presence.enter([ADA])
        channel, client_, user = NAMES.token(CHANNEL), NAMES.token("c-9"), NAMES.token("bob")
        with client_of(valkey) as client:
            client.hset(presence_key("clients:", CHANNEL), client_, user + INJECTION)
            client.zadd(presence_key("expiry"), {channel + client_: 0})
            client.zadd(presence_key("away"), {channel + user: 0})
            client.hset(presence_key("farewell"), channel + user, b"L" + client_ + INJECTION)
        assert await presence.gone() == []
        await asyncio.sleep(3.1)  # the grace of expired entries
        assert await presence.gone() == []
        assert presence.refused == 1
        assert await presence.members(CHANNEL) == [ADA.client]


async def test_old_notes_are_not_published_again(valkey: Valkey) -> None:
    async with presence_of(valkey) as presence, presence_of(valkey) as other:
        await presence.enter([BOB])
        with client_of(valkey) as client:
            entry = client.hgetall(presence_key("clients:", CHANNEL))
            await presence.leave([Removal(BOB, 0)])
            farewell = client.hgetall(presence_key("farewell"))
            assert await presence.gone() == [BOB]

            def replay() -> None:
                client.hset(presence_key("farewell"), mapping=farewell)
                client.zadd(presence_key("away"), dict.fromkeys(farewell, 0))

            replay()
            assert await presence.gone() == []  # it has published it
            await presence.enter([Entry(CHANNEL, ClientInfo("c-4", "bob"))])
            replay()
            assert await other.gone() == []  # he is present

            # Their entry does not expire early either.
            client.hset(presence_key("farewell"), mapping=dict.fromkeys(farewell, b"E" + only(entry)))
            client.delete(*client.keys("*person*"))
            client.zadd(presence_key("away"), dict.fromkeys(farewell, 0))
            assert await other.gone() == []
            assert other.refused == 1


def only(entry: dict[bytes, bytes]) -> bytes:
    """A farewell made from the only entry of a list."""
    [(client, value)] = entry.items()
    return client + value[TOKEN_LENGTH:]


def presence_key(kind: str, channel: str = "") -> bytes:
    return NAMES.prefix + b"presence:" + kind.encode() + (NAMES.token(channel) if channel else b"")


# Channels


@dataclass(frozen=True, slots=True)
class Pair:
    """Two connected nodes."""

    one: Live
    two: Live

    @property
    def brokers(self) -> tuple[RedisBroker, RedisBroker]:
        one, two = self.one.runtime.engine.broker, self.two.runtime.engine.broker
        assert isinstance(one, RedisBroker)
        assert isinstance(two, RedisBroker)
        return one, two


@pytest.fixture
async def pair(settings: Settings, valkey: Valkey) -> AsyncIterator[Pair]:
    shared = settings.model_copy(update={"redis_url": SecretStr(valkey.url)})
    async with serving(shared) as one, serving(shared) as two:
        pair = Pair(one, two)
        brokers = pair.brokers

        def know_each_other() -> bool:
            names = one.runtime.engine.emulation.node, two.runtime.engine.emulation.node
            return bool(brokers[0].is_live(names[1]) and brokers[1].is_live(names[0]))

        await becomes(know_each_other, 10, what="each has heard the other")
        yield pair


class Ear:
    """Records every message through Redis."""

    def __init__(self, client: Client) -> None:
        self._pubsub = client.pubsub()
        self._pubsub.psubscribe("*")
        assert self._pubsub.get_message(timeout=5)["type"] == "psubscribe"

    def heard(self) -> list[tuple[bytes, bytes]]:
        """Names and frames since the last time."""
        heard = []
        while (message := self._pubsub.get_message(timeout=0.05)) is not None:
            heard.append((message["channel"], message["data"]))
        return heard


def all_that_is_kept(client: Client) -> bytes:
    """Names and contents of all keys."""
    kept = []
    for key in client.keys("*"):
        kept.append(key)
        match client.type(key):
            case b"hash":
                kept += (part for pair in client.hgetall(key).items() for part in pair)
            case b"zset":
                kept += client.zrange(key, 0, -1)
            case _:
                kept.append(client.get(key))
    return b"\n".join(kept)


async def drained(subscriber: Subscriber) -> None:
    """Wait until no more messages come."""
    with suppress(TimeoutError):
        while True:
            await subscriber.next_push(0.5)


async def test_redis_content_reveals_nothing(pair: Pair, valkey: Valkey) -> None:
    ada, bob = await pair.one.api.register("ada"), await pair.one.api.register("bob")
    project = await ada.create_project("Secret plans")
    await ada.add_member(project, bob)
    with client_of(valkey) as client:
        ear = Ear(client)
        stream = StreamSocket(pair.one.url, "http_stream", emulation_url=pair.two.url)
        async with (
            Subscriber("", token=ada.token, socket=stream) as one,
            Subscriber(pair.two.socket_url, token=bob.token) as two,
        ):
            await one.subscribe(project.channel, join_leave=True)  # through the other node
            await one.command("refresh", token=ada.token)
            await two.subscribe(project.channel, join_leave=True)
            await two.subscribe(project.channel.replace("project:", "signal:"))
            await two.command("publish", channel=project.channel.replace("project:", "signal:"), data={"at": "secret"})
            await ada.create_task(project, "Secret task")
            while (await two.next_push()).type != "task.created":
                pass
            assert len(await ada.get(f"{project.path}/presence")) == 2
            said = b"\n".join(part for message in ear.heard() for part in message) + all_that_is_kept(client)
        secrets = [
            ada.token,
            bob.token,
            ada.id,
            bob.id,
            ada.email,
            project.id,
            stream.address["session"],
            "ecret",
            "Ada",
        ]
        assert len(said) > 3_000
        assert [secret for secret in secrets if secret.encode() in said] == []


async def test_replayed_and_forged_frames_reach_nobody(pair: Pair, valkey: Valkey) -> None:
    ada, bob = await pair.one.api.register("ada"), await pair.one.api.register("bob")
    project = await ada.create_project()
    await ada.add_member(project, bob)
    signals = project.channel.replace("project:", "signal:")
    brokers = pair.brokers
    with client_of(valkey) as client:
        ear = Ear(client)
        async with (
            Subscriber(pair.two.socket_url, token=bob.token) as reader,
            Subscriber(pair.one.socket_url, token=ada.token) as writer,
        ):
            await reader.subscribe(project.channel, join_leave=True)
            await writer.subscribe(project.channel, join_leave=True)
            await writer.subscribe(signals)
            await writer.command("publish", channel=signals, data={"unheard": True})  # the reader is not connected yet
            await ada.create_task(project, "Genuine")
            while (await reader.next_push()).type != "task.created":
                pass
            await reader.subscribe(signals)
            await writer.command("publish", channel=signals, data={"heard": True})
            while (await reader.next_push()).channel != signals:
                pass
            await drained(reader)

            heard = ear.heard()
            names = {name for name, _ in heard} | set(client.pubsub_channels())
            received = brokers[1].link.counters.received
            junk = [b"", b"\n", INJECTION, b"\x02" * 100, b"x" * 10_000_000]
            for name in names:
                for _, frame in heard:
                    client.publish(name, frame)
                for _, frame in heard[-5:]:
                    for touched in (frame[:-1], frame + b"\0", frame[:60], bytes([frame[0] ^ 1]) + frame[1:]):
                        client.publish(name, touched)
                for frame in junk:
                    client.publish(name, frame)
            await reader.expect_silence(1.0)
            assert set(brokers[1].link.counters.refused) == {"malformed", "foreign", "forged", "repeated"}
            assert brokers[1].link.counters.received == received

            await ada.create_task(project, "Genuine again")
            assert (await reader.expect_push("task.created")).event["data"]["task"]["title"] == "Genuine again"
            await writer.command("publish", channel=signals, data={"after": True})
            assert (await reader.next_push()).body["data"] == {"after": True}
            assert await brokers[0].is_healthy()
            assert await brokers[1].is_healthy()


async def test_frames_of_documents_reveal_nothing_and_count_once(pair: Pair, valkey: Valkey) -> None:
    ada = await pair.one.api.register("ada")
    project = await ada.create_project()
    documents = [await create_document(ada, project) for _ in range(2)]
    with client_of(valkey) as client:
        ear = Ear(client)
        async with (
            DocumentClient(pair.one.socket_url, documents[0], token=ada.token) as writer,
            DocumentClient(pair.two.socket_url, documents[0], token=ada.token) as reader,
            DocumentClient(pair.two.socket_url, documents[1], token=ada.token) as other,
        ):
            await writer.insert("Secret text")
            await writer.show(cursor="Secret place")
            await reader.reads("Secret text")
            await reader.becomes(lambda: writer.doc.client_id in reader.states)
            await writer.delete_all()
            await reader.reads("")

            heard = [(name, frame) for name, frame in ear.heard() if b":document:" in name]
            assert len(heard) >= 3
            said = b"\n".join(part for message in heard for part in message)
            for secret in ("ecret", documents[0], ada.id, "Ada"):
                assert secret.encode() not in said

            counters = pair.brokers[1].link.counters
            ignored = counters.refused.total() + counters.echoes
            names = [place_of(pair, document) for document in documents]
            attempts = 0
            for name in names:
                for _, frame in heard:
                    for touched in (frame, frame[:-1], frame[:-1] + bytes([frame[-1] ^ 1]), b"\x02" * len(frame)):
                        client.publish(name.decode(), touched)
                        attempts += 1
            await becomes(
                lambda: counters.refused.total() + counters.echoes >= ignored + attempts, 10, what="all of it has come"
            )
            assert (str(reader.text), str(other.text)) == ("", "")
            assert list(reader.states) == [writer.doc.client_id]
            assert other.states == {}
            await writer.insert("Genuine")
            await reader.reads("Genuine")


def place_of(pair: Pair, document_id: str) -> bytes:
    link = pair.one.runtime.link
    assert link is not None
    return link.names.of("document", document_id)


async def test_garbage_in_the_list_causes_no_error(pair: Pair, valkey: Valkey) -> None:
    ada = await pair.one.api.register("ada")
    project = await ada.create_project()
    async with Subscriber(pair.two.socket_url, token=ada.token) as reader:
        await reader.subscribe(project.channel)
        async with asyncio.timeout(8):  # the other node carries the entry to the list after its reply
            while len(await ada.get(f"{project.path}/presence")) != 1:
                pass
        for attack in ATTACKS:
            with client_of(valkey) as client:
                for key in client.keys("*presence*"):
                    attack(client, key, client.type(key).decode())
            await ada.get(f"{project.path}/presence")  # 200
        await reader.expect_silence()


# Commands for other nodes


async def test_invented_sessions_do_not_delay_real_ones(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests are anonymous: 1,000 for invented nodes used to delay real commands by 2 s and more."""
    monkeypatch.setattr(emulation, "MAX_WAITING", 20)
    ada = await pair.one.api.register("ada")
    project = await ada.create_project()
    node = pair.one.runtime.engine.emulation.node
    stream = StreamSocket(pair.one.url, "http_stream", emulation_url=pair.two.url)
    async with (
        Subscriber("", token=ada.token, socket=stream) as reader,
        httpx.AsyncClient(base_url=pair.two.url, trust_env=False, timeout=30) as stranger,
        asyncio.TaskGroup() as tasks,
    ):
        flood = [
            tasks.create_task(
                stranger.post("/emulation", json={"node": name, "session": f"invented {number}", "data": "{}"})
            )
            for number in range(40)
            for name in (f"{number:016x}", node)
        ]
        await becomes(lambda: any(request.done() for request in flood), 10, what="the flood is there")
        async with asyncio.timeout(ACK_SECONDS):
            await reader.subscribe(project.channel)  # fails with a 503 if the flood has taken all places
        assert {(await request).status_code for request in flood} == {404}
