"""Whatever a client sends, it ends its own connection at worst."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roomful.rooms import HocuspocusSession, RoomLimits, Rooms, YjsSession
from roomful.rooms.broker.memory import open_memory_broker
from roomful.rooms.protocol import awareness, yjs
from roomful.rooms.protocol.awareness import AwarenessEntry
from roomful.rooms.protocol.lib0 import var_string
from roomful.rooms.store.memory import MemoryStore
from tests.support.typists import PacketTransport, TokenPolicy, Typist, text_in, until

LIMITS = RoomLimits(gather_seconds=0.001, penalty_seconds=0.01, updates_per_second=10_000)
KEYS = ["d1", "d1@00000000", "d2", "d1\0x"]

_payloads = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [b"", b"\x00", b"\x00\x00", b"\x01\x01\x07\x00\x04\x01\x01a\x01b\x00", b"\x01\x07\x05", b"\xff" * 9]
    ),
    st.lists(
        st.tuples(
            st.integers(0, 5), st.integers(0, 2**53 - 1), st.sampled_from([b"{}", b"null", b"[", b'{"user":7}'])
        ).map(lambda entry: AwarenessEntry(*entry)),
        max_size=3,
    ).map(awareness.encode),
)
_bodies = st.one_of(
    st.binary(max_size=60),
    _payloads.map(yjs.sync_step_1),
    _payloads.map(yjs.sync_step_2),
    _payloads.map(yjs.update),
    _payloads.map(yjs.awareness),
    st.sampled_from([b"\x03", b"\x07", b"\x05\x01x", b"\x06\x01x", b"\x09", b"\x0a", b"\x02\x01\x00"]),
    st.sampled_from(["ada", "eve", ""]).map(lambda token: b"\x02\x00" + var_string(token)),
)
_yjs_frames = st.one_of(_bodies, st.lists(_bodies, max_size=3).map(b"".join), st.text(max_size=5))
_hocuspocus_frames = st.one_of(
    st.tuples(st.sampled_from(KEYS).map(var_string), _bodies).map(b"".join),
    st.sampled_from(KEYS).map(lambda key: var_string(key) + b"\x02\x00" + var_string("ada")),
    st.binary(max_size=20),
    st.sampled_from([b"\x09", b"\x0a"]),
)


class Ground:
    """A room with somebody who types in it, and a client that sends anything."""

    def __init__(self, rooms: Rooms, memory: MemoryStore) -> None:
        self.rooms = rooms
        self.memory = memory
        self.policy = TokenPolicy()
        self.endings: list[object] = []

    def transport(self) -> PacketTransport:
        return PacketTransport(lambda _: None, self.endings.append)

    def yjs_session(self) -> YjsSession:
        return YjsSession(
            self.rooms,
            self.transport(),
            self.policy,
            document_id="d1",
            generation="",
            grant=self.policy.grant("eve"),
            admitted_at=self.rooms.revocations,
        )

    async def attack(self, session: YjsSession | HocuspocusSession, frames: list[bytes | str]) -> None:
        ada, bob = (Typist(self.rooms, self.policy, "d1", name).connect() for name in ("ada", "bob"))
        await until(lambda: ada.is_synced and bob.is_synced)
        session.begin()
        for frame in frames:
            session.receive(frame)
            await asyncio.sleep(0)
        ada.type("fine")
        await until(lambda: ada.stored == ada.sent and bob.text == ada.text)
        session.closed(1006)
        assert self.rooms.counters.connections == 2
        assert ada.text == text_in(await self.memory.load("d1"))
        assert ada.endings == bob.endings == []
        assert self.rooms.counters.rows_unreadable == 0
        ada.close()
        bob.close()
        await until(lambda: len(self.rooms.task_scope) == 0)
        assert self.rooms.counters.connections == self.rooms.counters.gathered_bytes == 0


@pytest.fixture
def run() -> Iterator[Callable[[Callable[[Ground], Awaitable[None]]], None]]:
    with asyncio.Runner() as runner:

        def run(test: Callable[[Ground], Awaitable[None]]) -> None:
            async def work() -> None:
                memory = MemoryStore()
                memory.create("d1")
                memory.create("d2")
                async with Rooms(memory, open_memory_broker, node="n1", limits=LIMITS) as rooms:
                    await test(Ground(rooms, memory))

            runner.run(work())

        yield run


Run = Callable[[Callable[[Ground], Awaitable[None]]], None]
_settings = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@_settings
@given(frames=st.lists(_yjs_frames, max_size=12))
def test_any_frames_of_y_websocket(run: Run, frames: list[bytes | str]) -> None:
    run(lambda ground: ground.attack(ground.yjs_session(), frames))


@_settings
@given(frames=st.lists(_hocuspocus_frames, max_size=20))
def test_any_frames_of_hocuspocus(run: Run, frames: list[bytes | str]) -> None:
    run(lambda ground: ground.attack(HocuspocusSession(ground.rooms, ground.transport(), ground.policy), list(frames)))


def test_mutated_updates(run: Run) -> None:
    """Of those that still are updates, all clients and the store have the same."""
    chance = random.Random(7)

    async def work(ground: Ground) -> None:
        source = Typist(ground.rooms, ground.policy, "d1", "source")
        source.type("The quick brown fox")
        source.delete(3, 6)
        update = source.doc.get_update()
        source.close()
        frames: list[bytes | str] = []
        for _ in range(400):
            mutated = bytearray(update)
            for _ in range(chance.randint(1, 3)):
                mutated[chance.randrange(len(mutated))] = chance.randrange(256)
            frames.append(yjs.update(bytes(mutated)))
        for start in range(0, len(frames), 40):
            for frame in frames[start : start + 40]:
                session = ground.yjs_session()
                session.begin()
                await asyncio.sleep(0)
                session.receive(frame)
                await asyncio.sleep(0)
                session.closed(1006)
        await ground.attack(ground.yjs_session(), [])

    run(work)
