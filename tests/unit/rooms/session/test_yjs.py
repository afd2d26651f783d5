"""One client of y-websocket, and what it may do to its room."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest
from pycrdt import Doc, Text

from roomful.rooms import RoomLimits, Rooms, codes
from roomful.rooms.broker.memory import open_memory_broker
from roomful.rooms.protocol import awareness, yjs
from roomful.rooms.protocol.awareness import AwarenessEntry
from roomful.rooms.session import reading
from roomful.rooms.store.memory import MemoryStore
from tests.support.typists import FaultyStore, TokenPolicy, Typist, text_in, until

MakeTypist = Callable[..., Typist]


@pytest.fixture
def limits() -> RoomLimits:
    return RoomLimits(
        gather_seconds=0.002,
        document_bytes=50_000,
        soft_document_bytes=20_000,
        penalty_seconds=0.05,
        keep_alive_seconds=0.5,
        ping_seconds=0.3,
        pong_seconds=0.3,
    )


@pytest.fixture
async def typist(rooms: Rooms, policy: TokenPolicy) -> AsyncIterator[MakeTypist]:
    made: list[Typist] = []

    def make(token: str) -> Typist:
        made.append(Typist(rooms, policy, "d1", token))
        return made[-1]

    yield make
    for each in made:
        each.close()


def is_paused(typist: Typist) -> bool:
    """Whether nothing is read from a client."""
    assert typist.transport is not None
    return typist.transport.reading_paused


async def test_handshake_answers_with_step_2_and_then_step_1(typist: MakeTypist) -> None:
    ada = typist("ada").connect()
    await until(lambda: len(ada.frames) >= 2)
    assert ada.frames[:2] == [bytes.fromhex("0001020000"), bytes.fromhex("00000100")]


async def test_each_step_1_is_answered_with_step_1(typist: MakeTypist) -> None:
    """Or `forceSync` never ends."""
    ada = typist("ada").connect()
    ada.type("abc")
    await until(lambda: ada.is_synced and ada.stored == ada.sent)
    before = len(ada.frames)
    ada.send(yjs.sync_step_1(ada.doc.get_state()))
    await until(lambda: len(ada.frames) >= before + 2)
    assert ada.frames[before][:2] == b"\x00\x01"
    assert ada.frames[before + 1][:2] == b"\x00\x00"


async def test_own_update_does_not_come_back(typist: MakeTypist) -> None:
    """Some clients take the echo of their update for the sign that it is stored."""
    ada, bob = typist("ada").connect(), typist("bob").connect()
    await until(lambda: ada.is_synced and bob.is_synced)
    ada.type("a")
    bob.type("b")
    await until(lambda: len(ada.text) == len(bob.text) == 2 and ada.stored == ada.sent)
    for each in (ada, bob):
        updates = [frame for frame in each.frames if frame[:2] == b"\x00\x02"]
        assert len(updates) == 1


async def test_what_a_client_misses_is_asked_of_it(typist: MakeTypist, memory: MemoryStore, rooms: Rooms) -> None:
    """A frame was lost on the way, as no socket loses one, but an application in between does."""
    ada, bob = typist("ada").connect(), typist("bob").connect()
    await until(lambda: ada.is_synced and bob.is_synced)
    session, ada.session = ada.session, None
    ada.type("a")
    ada.session = session
    ada.type("b")
    await until(lambda: bob.text == "ab" and ada.stored == ada.sent)
    assert text_in(await memory.load("d1")) == "ab"
    assert rooms.counters.pending == 1


def keystrokes(text: str) -> list[bytes]:
    """Updates of a client that is not there."""
    source: Doc[Text] = Doc()
    body = source.get("default", type=Text)
    updates: list[bytes] = []
    subscription = source.observe(lambda event: updates.append(event.update))
    for letter in text:
        body += letter
    source.unobserve(subscription)
    return updates


async def test_what_builds_on_something_missing_waits_for_it(
    typist: MakeTypist, memory: MemoryStore, rooms: Rooms
) -> None:
    """It is stored, and acknowledged, with what it builds on and not before; in whatever order that comes."""
    ada, bob, cyd = typist("ada").connect(), typist("bob").connect(), typist("cyd").connect()
    await until(lambda: all(each.is_synced for each in (ada, bob, cyd)))
    a, b, c = keystrokes("abc")
    ada.send(yjs.update(c))
    ada.send(yjs.update(b))
    await until(lambda: rooms.counters.pending == 2 and ada.stored == ada.sent)
    assert rooms.counters.rows_appended == 0
    bob.send(yjs.update(a))
    await until(lambda: cyd.text == "abc" and ada.stored == ada.sent + 2)
    assert text_in(await memory.load("d1")) == "abc"


async def test_what_waits_goes_with_its_client(typist: MakeTypist, memory: MemoryStore, rooms: Rooms) -> None:
    ada, bob = typist("ada").connect(), typist("bob").connect()
    await until(lambda: ada.is_synced and bob.is_synced)
    a, b = keystrokes("ab")
    ada.send(yjs.update(b))
    await until(lambda: rooms.counters.pending == 1)
    ada.cut()
    bob.send(yjs.update(a))
    await until(lambda: rooms.counters.rows_appended == 1)
    assert text_in(await memory.load("d1")) == "a"


async def test_client_that_lacks_it_too_is_not_asked_again_and_again(
    typist: MakeTypist, memory: MemoryStore, rooms: Rooms
) -> None:
    ada, bob, cyd = typist("ada").connect(), typist("bob").connect(), typist("cyd").connect()
    await until(lambda: all(each.is_synced for each in (ada, bob, cyd)))
    updates = keystrokes("abc")
    before = len(ada.frames)
    for _ in range(5):
        ada.send(yjs.update(updates[2]))
    ada.send(yjs.update(updates[1]))
    await until(lambda: rooms.counters.pending == 6 and ada.stored == ada.sent)
    bob.send(yjs.update(updates[0]))
    await until(lambda: cyd.text == "abc" and ada.stored == ada.sent + 6)
    assert sum(frame[:2] == b"\x00\x00" for frame in ada.frames[before:]) == 1
    assert text_in(await memory.load("d1")) == "abc"


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x00",
        b"\x00\x03\x01\x00",
        b"\x00\x02\xff",
        b"\x00\x02\x03abc",
        b"\x00\x00\x03abc",
        b"\x01\x03abc",
        "text",
        yjs.update(b"\x01\x01\x07\x00\x08\x01\x01a\x01" + b"\x75\x01" * 50_000 + b"\x78\x00")[:9000],
    ],
)
async def test_garbage_ends_its_connection_and_no_other(typist: MakeTypist, rooms: Rooms, frame: bytes | str) -> None:
    ada, bob, eve = typist("ada").connect(), typist("bob").connect(), typist("eve").connect()
    await until(lambda: all(each.is_synced for each in (ada, bob, eve)))
    eve.send_frame(frame)
    await until(lambda: eve.last_ending == codes.BAD_MESSAGE)
    ada.type("fine")
    await until(lambda: bob.text == "fine")
    assert rooms.counters.closed == {4400: 1}
    assert rooms.counters.connections == 2


async def test_unknown_message_is_passed_over(typist: MakeTypist, rooms: Rooms) -> None:
    ada = typist("ada").connect()
    ada.send_frame(b"\x2a\x01\x02")
    await until(lambda: ada.is_synced)
    assert rooms.counters.refused == {"unknown message": 1}


async def test_update_that_is_too_big(typist: MakeTypist) -> None:
    ada, bob = typist("ada").connect(), typist("bob").connect()
    await until(lambda: ada.is_synced and bob.is_synced)
    ada.type("x" * 50_001)
    await until(lambda: ada.last_ending == codes.TOO_BIG)
    assert bob.text == ""


async def test_backlog_up_to_the_size_of_a_document_is_taken(typist: MakeTypist, rooms: Rooms) -> None:
    """Or a client would be locked out for ever with what it wrote while it was away."""
    ada = typist("ada").connect()
    await until(lambda: ada.is_synced)
    ada.cut()
    ada.type("x" * 40_000)
    ada.connect()
    await until(lambda: ada.stored == ada.sent > 0)
    assert rooms.counters.large_documents == 1


async def test_document_does_not_outgrow_its_limit_and_can_be_made_smaller(
    typist: MakeTypist, memory: MemoryStore
) -> None:
    ada = typist("ada").connect()
    await until(lambda: ada.is_synced)
    for _ in range(6):
        ada.type("x" * 8_000)
    await until(lambda: ada.stored == ada.sent)
    bob = typist("bob").connect()
    await until(lambda: len(bob.text) == 48_000)
    bob.type("y" * 5_000)
    await until(lambda: bob.last_ending == codes.TOO_BIG)
    assert ada.last_ending is None
    ada.delete(0, 30_000)
    await until(lambda: ada.stored == ada.sent)
    bob.connect()
    await until(lambda: ada.text.endswith("y" * 5_000) and bob.stored == bob.sent)
    assert len(text_in(await memory.load("d1"))) == 23_000


async def test_idle_client_is_told_that_the_server_is_there(typist: MakeTypist) -> None:
    ada = typist("ada").connect()
    await until(lambda: ada.is_synced)
    await until(lambda: ada.frames.count(yjs.KEEP_ALIVE) >= 2)


async def test_peer_that_says_nothing_is_given_up(typist: MakeTypist, rooms: Rooms) -> None:
    ada, bob = typist("ada").connect(), typist("bob").connect()
    await until(lambda: ada.is_synced and bob.is_synced)
    assert bob.transport is not None
    bob.transport.is_silent = True
    await until(lambda: bob.last_ending == codes.NO_PONG)
    assert bob.transport.pings >= 1
    assert ada.last_ending is None
    assert rooms.counters.connections == 1


async def test_token_that_expires_makes_the_client_come_back(typist: MakeTypist, policy: TokenPolicy) -> None:
    policy.expires_at = time.time() + 0.5
    ada = typist("ada").connect()
    await until(lambda: ada.is_synced)
    await until(lambda: ada.last_ending == codes.TOKEN_EXPIRED)


async def test_client_that_floods_is_slowed_down_and_then_closed(store: FaultyStore, policy: TokenPolicy) -> None:
    limits = RoomLimits(updates_per_second=20, penalty_seconds=0.01)
    async with Rooms(store, open_memory_broker, node="n1", limits=limits) as rooms:
        ada = Typist(rooms, policy, "d1", "ada").connect()
        await until(lambda: ada.is_synced)
        for _ in range(90):
            ada.send(yjs.sync_step_1(b"\x00"))
        assert not is_paused(ada)
        for _ in range(20):
            ada.send(yjs.sync_step_1(b"\x00"))
        assert is_paused(ada)
        await until(lambda: not is_paused(ada))
        for _ in range(20 * 310):
            ada.send(yjs.sync_step_1(b"\x00"))
        await until(lambda: ada.last_ending == codes.TOO_FAST)
        ada.close()


async def test_client_that_brings_hours_of_work_in_single_updates_waits_a_little(
    typist: MakeTypist, rooms: Rooms, memory: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Hocuspocus provider queues each keystroke while it has no connection, and sends them all at once."""
    monkeypatch.setattr(reading, "MAX_PAUSE_SECONDS", 0.5)
    ada = typist("ada").connect()
    await until(lambda: ada.is_synced)
    for _ in range(2_000):
        ada.type("x")
    assert is_paused(ada)
    began_at = time.monotonic()
    await until(lambda: not is_paused(ada))
    assert time.monotonic() - began_at < 3
    await until(lambda: ada.stored == ada.sent)
    assert len(text_in(await memory.load("d1"))) == 2_000


async def test_echoes_of_others_count_against_nobody(typist: MakeTypist, rooms: Rooms) -> None:
    """Stock clients send back each awareness change that they are told of."""
    ada, bob = typist("ada").connect(), typist("bob").connect()
    await until(lambda: ada.is_synced and bob.is_synced)
    ada.say({"at": 1})
    await until(lambda: ada.client_id in bob.others)
    echo = yjs.awareness(awareness.encode([AwarenessEntry(ada.client_id, 1, b'{"at":1}')]))
    for _ in range(20_000):
        bob.send(echo)
    assert bob.last_ending is None
    assert bob.transport is not None
    assert not bob.transport.reading_paused
    assert rooms.counters.awareness_echoed == 20_000


async def test_crowd_of_cursors_makes_few_frames(typist: MakeTypist, rooms: Rooms) -> None:
    crowd = [typist(f"u{number}").connect() for number in range(10)]
    await until(lambda: all(each.is_synced for each in crowd))
    before = sum(len(each.frames) for each in crowd)
    for at in range(20):
        for each in crowd:
            each.say({"at": at})
        await asyncio.sleep(0.002)
    await until(lambda: all(len(each.others) == 9 for each in crowd))
    await until(lambda: all(state["at"] == 19 for each in crowd for state in each.others.values()))  # type: ignore[index]
    frames = sum(len(each.frames) for each in crowd) - before
    assert frames < 200 * 10 / 10, "one frame for what changes in 50 ms, not one for each change"


async def test_client_without_the_right_is_told_at_its_first_refused_edit_and_at_each_loss(
    typist: MakeTypist, rooms: Rooms
) -> None:
    """As docs/clients.md says."""
    ada, bob = typist("ada").connect(), typist("bob").connect()
    await until(lambda: ada.is_synced and bob.is_synced)

    def told() -> int:
        return ada.frames.count(yjs.permission_denied("read-only"))

    for text in ("ab", "cd"):
        before = told()
        rooms.set_may_write("d1", "u-ada", may_write=False)
        await until(lambda before=before: told() == before + 1)  # type: ignore[misc]
        for letter in text:
            ada.type(letter)
        await until(lambda before=before: told() == before + 2)  # type: ignore[misc]
        await asyncio.sleep(0.02)
        assert told() == before + 2
        rooms.set_may_write("d1", "u-ada", may_write=True)
        await until(lambda text=text: text in bob.text)  # type: ignore[misc]


async def test_clock_0_and_queries(typist: MakeTypist) -> None:
    ada, bob = typist("ada").connect(), typist("bob").connect()
    await until(lambda: ada.is_synced and bob.is_synced)
    ada.send(yjs.awareness(awareness.encode([AwarenessEntry(ada.client_id, 0, b"{}")])))
    await until(lambda: ada.client_id in bob.others)
    bob.others.clear()
    bob.send(b"\x03")
    await until(lambda: ada.client_id in bob.others)


async def test_reader_that_is_too_slow_gets_one_difference(typist: MakeTypist, rooms: Rooms) -> None:
    ada, bob = typist("ada").connect(), typist("bob").connect()
    await until(lambda: ada.is_synced and bob.is_synced)
    assert bob.transport is not None
    bob.transport.is_read, bob.transport.bound = False, 20_000
    for _ in range(8):
        ada.type("x" * 5_000)
        await until(lambda: ada.stored == ada.sent)
    ada.delete(0, 10_000)
    ada.say({"at": 1})
    await until(lambda: ada.stored == ada.sent)
    assert bob.transport.pending_bytes < 30_000
    bob.transport.read()
    await until(lambda: bob.text == ada.text and ada.client_id in bob.others)
    assert rooms.counters.resyncs == 1
    ada.type("live again")
    await until(lambda: bob.text == ada.text)


async def test_reader_that_is_too_slow_is_answered_when_it_has_read(typist: MakeTypist) -> None:
    ada = typist("ada").connect()
    await until(lambda: ada.is_synced)
    for _ in range(4):
        ada.type("x" * 9_000)
    await until(lambda: ada.stored == ada.sent)
    bob = typist("bob").connect()
    assert bob.transport is not None
    bob.transport.is_read, bob.transport.bound = False, 30_000
    await until(lambda: bob.transport is not None and bob.transport.is_behind)
    for _ in range(20):
        bob.send(yjs.sync_step_1(b"\x00"))
    assert bob.transport.pending_bytes < 40_000
    bob.transport.read()
    await until(lambda: len(bob.text) == 36_000)


async def test_what_comes_while_the_document_is_opened_waits(
    typist: MakeTypist, store: FaultyStore, memory: MemoryStore
) -> None:
    store.load_gate = asyncio.Event()
    ada = typist("ada").connect()
    for letter in "early":
        ada.type(letter)
    assert is_paused(ada)
    store.load_gate.set()
    await until(lambda: ada.stored == ada.sent)
    assert not is_paused(ada)
    assert text_in(await memory.load("d1")) == "early"
