"""What is gathered, stored and acknowledged, and when."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from pycrdt import Doc, Text

from roomful.concurrency.task_scope import TaskScope
from roomful.rooms import Ending, Grant, RoomCounters, RoomLimits
from roomful.rooms.peer import Peer
from roomful.rooms.protocol.yjs import YjsWire
from roomful.rooms.rows.writer import MAX_UPDATES, Writer, merged
from roomful.rooms.store.memory import MemoryStore
from roomful.rooms.store.port import Head, Refused, UnknownDocument
from tests.support.typists import FaultyStore, PacketTransport, text_in, until

LIMITS = RoomLimits(gather_seconds=0.02, retry_seconds=0.001, append_tries=3)


class Owner:
    def peer_ended(self, _peer: Peer, _ending: Ending) -> None: ...


class Ground:
    """A writer, the updates of somebody who types, and what has become of them."""

    def __init__(
        self, store: FaultyStore, memory: MemoryStore, head: Head, scope: TaskScope, limits: RoomLimits = LIMITS
    ) -> None:
        self.store = store
        self.memory = memory
        self.stored: list[int] = []
        self.refused: list[Exception] = []
        self.failing = 0
        self.counters = RoomCounters()
        self.writer = Writer(
            store,
            head,
            "d1",
            limits=limits,
            counters=self.counters,
            task_scope=scope,
            slots=asyncio.Semaphore(2),
            on_stored=lambda head, _: self.stored.append(head.number),
            on_refused=self.refused.append,
            on_failing=self.count_failing,
        )
        self.frames: list[bytes] = []
        self.doc: Doc[Text] = Doc()
        self.text = self.doc.get("default", type=Text)
        self.updates: list[bytes] = []
        self.subscription = self.doc.observe(lambda event: self.updates.append(event.update))

    def count_failing(self) -> None:
        self.failing += 1

    def peer(self) -> Peer:
        transport = PacketTransport(self.frames.append, lambda _: None)
        grant = Grant(user_id="u", session_id="s", name="U", may_write=True)
        return Peer(transport, YjsWire(tells_stored=True), grant, Owner())

    def type(self, text: str, peer: Peer, user_id: str = "ada") -> None:
        for letter in text:
            self.text += letter
            self.writer.add(self.updates[-1], user_id, peer)

    async def content(self) -> str:
        return text_in(await self.memory.load("d1"))


@pytest.fixture
async def ground(store: FaultyStore, memory: MemoryStore) -> AsyncIterator[Ground]:
    async with TaskScope("test") as scope:
        yield Ground(store, memory, (await memory.load("d1")).head, scope)


async def test_updates_of_a_moment_are_one_row(ground: Ground) -> None:
    peer = ground.peer()
    ground.type("abc", peer)
    await until(lambda: ground.stored == [1])
    await until(lambda: ground.frames == [b"\x64\x03\x01"])
    assert await ground.content() == "abc"
    assert ground.writer.is_idle
    assert ground.writer.gathered_bytes == ground.counters.gathered_bytes == 0


async def test_row_names_the_people_whose_updates_it_holds(ground: Ground) -> None:
    ground.type("a", ground.peer(), "ada")
    ground.type("b", ground.peer(), "bob")
    await until(lambda: ground.stored == [1])
    assert (await ground.memory.load("d1")).rows[0].user_ids == ("ada", "bob")


async def test_what_comes_while_a_row_is_stored_is_the_next_one(ground: Ground) -> None:
    peer = ground.peer()
    ground.store.append_gate = asyncio.Event()
    ground.type("a", peer)
    await until(lambda: ground.store.appends == 1)
    ground.type("b", peer)
    assert ground.frames == []
    ground.store.append_gate.set()
    await until(lambda: ground.frames == [b"\x64\x01\x01", b"\x64\x01\x02"])


async def test_waiting_for_all_waits_for_what_is_being_stored(ground: Ground) -> None:
    peer, other = ground.peer(), ground.peer()
    assert not ground.writer.wait_for_all(other)
    ground.store.append_gate = asyncio.Event()
    ground.type("a", peer)
    await until(lambda: ground.store.appends == 1)
    assert ground.writer.wait_for_all(other)
    await asyncio.sleep(0.03)
    assert ground.frames == []
    ground.store.append_gate.set()
    await until(lambda: len(ground.frames) == 2)
    assert not ground.writer.wait_for_all(other)


@pytest.fixture
async def slow_ground(store: FaultyStore, memory: MemoryStore) -> AsyncIterator[Ground]:
    """After the first row the next one is due in an hour."""
    async with TaskScope("test") as scope:
        head = (await memory.load("d1")).head
        ground = Ground(store, memory, head, scope, replace(LIMITS, gather_seconds=3600.0))
        ground.type("a", ground.peer())
        await until(lambda: ground.stored == [1])
        yield ground
        ground.writer.close()


async def test_first_update_after_a_pause_is_stored_at_once(slow_ground: Ground) -> None:
    assert slow_ground.writer.is_idle
    slow_ground.type("bc", slow_ground.peer())
    await asyncio.sleep(0.05)
    assert slow_ground.stored == [1]
    await slow_ground.writer.flush()
    assert slow_ground.stored == [1, 2]


async def test_much_is_stored_before_its_time(slow_ground: Ground) -> None:
    slow_ground.text += "x" * LIMITS.gather_bytes
    slow_ground.writer.add(slow_ground.updates[-1], "ada", slow_ground.peer())
    await until(lambda: slow_ground.stored == [1, 2])


async def test_very_many_updates_are_several_rows(ground: Ground) -> None:
    ground.type("x" * (MAX_UPDATES + 1), ground.peer())
    await until(lambda: ground.stored == [1, 2])
    assert len(await ground.content()) == MAX_UPDATES + 1


async def test_store_that_fails_is_tried_again_and_nobody_is_told_before(ground: Ground) -> None:
    ground.store.is_away = True
    peer = ground.peer()
    ground.type("abc", peer)
    await until(lambda: ground.failing == 1)
    assert ground.writer.is_failing == True  # noqa: E712
    assert ground.frames == []
    ground.type("d", peer)
    ground.store.is_away = False
    await until(lambda: ground.stored == [1, 2])
    await until(lambda: ground.frames == [b"\x64\x03\x01", b"\x64\x01\x02"])
    assert (ground.writer.is_failing, ground.failing) == (False, 1)
    assert await ground.content() == "abcd"


async def test_bug_of_the_store_loses_nothing(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground.store, "append", None)
    ground.type("abc", ground.peer())
    await until(lambda: ground.failing == 1)
    monkeypatch.undo()
    await until(lambda: ground.stored == [1])
    assert await ground.content() == "abc"


async def test_lost_answer_makes_a_row_that_changes_nothing(ground: Ground) -> None:
    ground.store.lost_answers = 1
    ground.type("abc", ground.peer())
    await until(lambda: ground.stored == [2])
    assert await ground.content() == "abc"


@pytest.mark.parametrize("reason", ["deleted", "read_only", "too_large"])
async def test_refused_row_is_told_and_nothing_is_acknowledged(ground: Ground, reason: str) -> None:
    ground.memory.refuse("d1", reason)  # type: ignore[arg-type]  # one of its reasons
    ground.type("abc", ground.peer())
    await until(lambda: bool(ground.refused))
    assert isinstance(ground.refused[0], UnknownDocument if reason == "deleted" else Refused)
    assert ground.frames == []
    assert ground.counters.gathered_bytes == 0


async def test_flush_does_not_wait_for_more(ground: Ground) -> None:
    ground.type("abc", ground.peer())
    await ground.writer.flush()
    assert ground.stored == [1]
    await ground.writer.flush()


def test_merging_thousands_takes_a_moment() -> None:
    doc: Doc[Text] = Doc()
    text = doc.get("default", type=Text)
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    for _ in range(1000):
        text += "x"
    doc.unobserve(subscription)
    copy: Doc[Text] = Doc()
    copy.apply_update(merged(updates))
    assert str(copy.get("default", type=Text)) == "x" * 1000


def test_merging_keeps_what_is_pending() -> None:
    doc: Doc[Text] = Doc()
    text = doc.get("default", type=Text)
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    for letter in "abc":
        text += letter
    doc.unobserve(subscription)
    copy: Doc[Text] = Doc()
    copy.apply_update(merged([updates[2], updates[0]]))
    copy.apply_update(updates[1])
    assert str(copy.get("default", type=Text)) == "abc"
