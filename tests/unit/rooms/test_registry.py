"""How rooms come and go, and whom they let in."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Callable

import pytest
from pycrdt import Doc

from roomful.process.memory import give_back
from roomful.rooms import RoomLimits, Rooms, YjsSession, codes
from roomful.rooms.broker.memory import open_memory_broker
from roomful.rooms.peer import Peer
from roomful.rooms.store.memory import MemoryStore
from tests.support.resident import leave_holes, resident_bytes
from tests.support.typists import FaultyStore, TokenPolicy, Typist, text_in, until

MakeTypist = Callable[..., Typist]


@pytest.fixture
async def typist(rooms: Rooms, policy: TokenPolicy) -> AsyncIterator[MakeTypist]:
    made: list[Typist] = []

    def make(token: str, document_id: str = "d1") -> Typist:
        made.append(Typist(rooms, policy, document_id, token))
        return made[-1]

    yield make
    for each in made:
        each.close()


async def test_many_who_come_at_once_load_the_document_once(typist: MakeTypist, store: FaultyStore) -> None:
    store.load_gate = asyncio.Event()
    crowd = [typist(f"u{number}").connect() for number in range(50)]
    await until(lambda: store.loads == 1)
    store.load_gate.set()
    await until(lambda: all(each.is_synced for each in crowd))
    assert store.loads == 1


async def test_who_goes_while_the_document_is_loaded_leaves_nothing(
    typist: MakeTypist, store: FaultyStore, rooms: Rooms
) -> None:
    store.load_gate = asyncio.Event()
    ada, bob = typist("ada").connect(), typist("bob").connect()
    await until(lambda: store.loads == 1)
    ada.cut()
    store.load_gate.set()
    await until(lambda: bob.is_synced)
    assert rooms.counters.connections == 1


async def test_load_that_fails_refuses_and_leaves_nothing(typist: MakeTypist, store: FaultyStore, rooms: Rooms) -> None:
    store.is_away = True
    crowd = [typist(f"u{number}").connect() for number in range(5)]
    await until(lambda: all(each.last_ending == codes.STORE_FAILING for each in crowd))
    assert not rooms.open_documents()
    assert rooms.refuses("d1") == codes.STORE_FAILING
    store.is_away = False
    ada = typist("ada").connect()
    await until(lambda: ada.is_synced)
    assert rooms.refuses("d1") is None


async def test_full_document_lets_nobody_in(store: FaultyStore, policy: TokenPolicy) -> None:
    limits = RoomLimits(connections_per_document=2)
    async with Rooms(store, open_memory_broker, node="n1", limits=limits) as rooms:
        crowd = [Typist(rooms, policy, "d1", name).connect() for name in ("ada", "bob")]
        await until(lambda: all(each.is_synced for each in crowd))
        assert rooms.refuses("d1") == codes.FULL
        cyd = Typist(rooms, policy, "d1", "cyd").connect()
        await until(lambda: cyd.last_ending == codes.FULL)
        crowd[0].cut()
        cyd.connect()
        await until(lambda: cyd.is_synced)
        for each in (*crowd, cyd):
            each.close()


SHORT = RoomLimits(unload_seconds=0.25, gather_seconds=0.001, retry_seconds=0.001)


async def test_document_that_everybody_left_is_unloaded_and_loaded_anew(
    store: FaultyStore, policy: TokenPolicy
) -> None:
    async with Rooms(store, open_memory_broker, node="n1", limits=SHORT) as rooms:
        ada = Typist(rooms, policy, "d1", "ada").connect()
        ada.type("abc")
        await until(lambda: ada.stored == ada.sent > 1)
        ada.cut()
        await until(lambda: not rooms.open_documents())
        assert rooms.counters.unloads == 1
        bob = Typist(rooms, policy, "d1", "bob").connect()
        await until(lambda: bob.text == "abc")
        assert store.loads == 2
        ada.close()
        bob.close()


async def test_few_documents_are_kept_that_everybody_has_left(
    store: FaultyStore, memory: MemoryStore, policy: TokenPolicy
) -> None:
    for document in ("d0", "d2", "d3", "d4"):
        memory.create(document)
    limits = RoomLimits(left_rooms=2)
    async with Rooms(store, open_memory_broker, node="n1", limits=limits) as rooms:
        stays = Typist(rooms, policy, "d0", "ada").connect()
        for document in ("d1", "d2", "d3", "d1", "d4"):
            visitor = Typist(rooms, policy, document, "bob").connect()
            await until(lambda visitor=visitor: visitor.is_synced)  # type: ignore[misc]
            visitor.close()
        await until(lambda: set(rooms.open_documents()) == {"d0", "d1", "d4"})
        assert stays.is_synced
        stays.close()


async def test_document_stays_while_something_is_not_stored(store: FaultyStore, policy: TokenPolicy) -> None:
    async with Rooms(store, open_memory_broker, node="n1", limits=SHORT) as rooms:
        ada = Typist(rooms, policy, "d1", "ada").connect()
        await until(lambda: ada.is_synced)
        store.is_away = True
        ada.type("abc")
        ada.cut()
        await asyncio.sleep(1.0)
        assert list(rooms.open_documents()) == ["d1"]
        store.is_away = False
        await until(lambda: not rooms.open_documents())
        assert text_in(await store.load("d1")) == "abc"
        ada.close()


async def test_who_comes_while_a_document_is_dropped_waits_and_gets_it_anew(
    store: FaultyStore, policy: TokenPolicy
) -> None:
    """The old subscription must not end the new one."""
    goes_on = asyncio.Event()
    async with Rooms(store, open_memory_broker, node="n1", limits=SHORT) as rooms:
        broker = rooms.services.broker
        unsubscribe, subscribed = broker.unsubscribe, set[str]()

        async def slowly(document_id: str) -> None:
            await goes_on.wait()
            subscribed.discard(document_id)
            await unsubscribe(document_id)

        broker.unsubscribe = slowly  # type: ignore[method-assign]
        ada = Typist(rooms, policy, "d1", "ada").connect()
        await until(lambda: ada.is_synced)
        rooms.end_document("d1", codes.RESET)
        ada.connect()
        await asyncio.sleep(0.02)
        assert store.loads == 1
        goes_on.set()
        await until(lambda: ada.is_synced)
        assert store.loads == 2
        ada.close()


async def test_nothing_is_left_of_documents_that_were_opened_and_left(memory: MemoryStore, policy: TokenPolicy) -> None:
    """A document that is not let go of stays in the library's memory for good."""

    def documents() -> int:
        gc.collect()
        return sum(isinstance(each, Doc) for each in gc.get_objects())

    async with Rooms(memory, open_memory_broker, node="n1", limits=SHORT) as rooms:
        before = documents()
        left: list[weakref.ref[object]] = []
        for turn in range(2):
            for number in range(40):
                document_id = f"x{number}"
                if turn == 0:
                    memory.create(document_id)
                typist = Typist(rooms, policy, document_id, "ada").connect()
                typist.say({"at": 1})
                await until(lambda typist=typist: typist.is_synced)  # type: ignore[misc]  # bound at once
                typist.type("x" * 5)
                room = rooms._rooms[document_id]
                left.append(weakref.ref(room))
                typist.close()
                del typist, room
            await until(lambda: not rooms.open_documents())
        gc.collect()
        assert [reference() for reference in left if reference() is not None] == []
        assert documents() <= before + 1
        assert len(rooms.wheel) == 0
        assert not rooms._sessions
        assert rooms.counters.rooms == rooms.counters.connections == rooms.counters.gathered_bytes == 0


async def test_room_that_is_dropped_is_in_no_cycle(memory: MemoryStore, policy: TokenPolicy) -> None:
    """In a server cycles are collected so seldom that closed rooms would pile up by the thousand."""

    def clients() -> int:
        return sum(isinstance(each, (YjsSession, Peer)) for each in gc.get_objects())

    async with Rooms(memory, open_memory_broker, node="n1", limits=SHORT) as rooms:
        ada, bob = Typist(rooms, policy, "d1", "ada"), Typist(rooms, policy, "d1", "bob")
        gc.collect()
        before = clients()
        gc.disable()
        try:
            ada.connect()
            bob.connect()
            await until(lambda: ada.is_synced and bob.is_synced)
            ada.say({"at": 1})
            ada.type("abc")
            await until(lambda: ada.stored == ada.sent and bob.text == "abc")
            room = weakref.ref(rooms._rooms["d1"])
            ada.close()
            bob.cut()
            await until(lambda: not rooms.open_documents())
            await until(lambda: room() is None)
            assert clients() <= before

            bob.connect()
            await until(lambda: bob.is_synced)
            room = weakref.ref(rooms._rooms["d1"])
            bob.type("d")
            rooms.end_document("d1")  # before the writer has had its first turn
            await until(lambda: room() is None)
            assert rooms.counters.gathered_bytes == 0
        finally:
            gc.enable()
            bob.close()


async def test_memory_of_dropped_documents_goes_back_to_the_system(memory: MemoryStore, policy: TokenPolicy) -> None:
    if not give_back():
        pytest.skip("this C library keeps what was freed")
    limits = RoomLimits(unload_seconds=0.01, give_back_seconds=0.01)
    async with Rooms(memory, open_memory_broker, node="n1", limits=limits) as rooms:
        left = leave_holes(10_000_000)
        before = resident_bytes()
        ada = Typist(rooms, policy, "d1", "ada").connect()
        await until(lambda: ada.is_synced)
        ada.close()
        await until(lambda: resident_bytes() < before - 5_000_000)
        assert left


async def test_person_who_loses_access_gets_nothing_more(typist: MakeTypist, rooms: Rooms) -> None:
    ada, bob, bobs_phone = typist("ada").connect(), typist("bob").connect(), typist("bob").connect()
    await until(lambda: all(each.is_synced for each in (ada, bob, bobs_phone)))
    ada.type("secret")
    rooms.end_user("d1", "u-bob")
    await until(lambda: bob.last_ending == bobs_phone.last_ending == codes.RIGHT_LOST)
    assert bob.text == bobs_phone.text == ""
    await until(lambda: ada.stored == ada.sent)
    assert ada.last_ending is None


async def test_sign_in_that_ends_closes_its_connections(typist: MakeTypist, rooms: Rooms, memory: MemoryStore) -> None:
    memory.create("d2")
    ada, there, bob = typist("ada").connect(), typist("ada", "d2").connect(), typist("bob").connect()
    await until(lambda: all(each.is_synced for each in (ada, there, bob)))
    rooms.end_sign_in("s-ada")
    await until(lambda: ada.last_ending == there.last_ending == codes.SIGN_IN_ENDED)
    assert bob.last_ending is None


async def test_role_that_changes_holds_for_open_connections(
    typist: MakeTypist, rooms: Rooms, memory: MemoryStore
) -> None:
    ada, bob = typist("ada").connect(), typist("bob").connect()
    await until(lambda: ada.is_synced and bob.is_synced)
    rooms.set_may_write("d1", "u-bob", may_write=False)
    bob.type("no")
    ada.type("yes")
    await until(lambda: bob.refused > 0 and "yes" in bob.text and ada.stored == ada.sent)
    assert ada.text == "yes" == text_in(await memory.load("d1"))
    rooms.set_may_write("d1", "u-bob", may_write=True)
    await until(lambda: ada.text == bob.text and "no" in ada.text)  # what was refused is asked for
    bob.type("!")
    await until(lambda: ada.text == bob.text and "!" in ada.text)


async def test_nobody_may_write_until_each_may_again(typist: MakeTypist, rooms: Rooms) -> None:
    ada, bob = typist("ada").connect(), typist("bob").connect()
    await until(lambda: ada.is_synced and bob.is_synced)
    rooms.let_nobody_write("d1")
    ada.type("no")
    bob.type("no")
    await until(lambda: ada.refused > 0 and bob.refused > 0)
    rooms.set_may_write("d1", "u-ada", may_write=True)
    ada.type("a")
    bob.type("b")
    await until(lambda: bob.text.count("a") == 1)
    assert "b" not in ada.text


async def test_access_that_ends_while_the_document_is_opened(
    typist: MakeTypist, store: FaultyStore, rooms: Rooms, policy: TokenPolicy
) -> None:
    store.load_gate = asyncio.Event()
    ada, bob, vera = (typist(name).connect() for name in ("ada", "bob", "vera"))
    await until(lambda: store.loads == 1)
    policy.refused["bob"] = codes.RIGHT_LOST
    rooms.end_user("d1", "u-bob")
    policy.viewers.add("vera")
    rooms.set_may_write("d1", "u-vera", may_write=False)
    store.load_gate.set()
    await until(lambda: ada.is_synced and vera.is_synced and bob.last_ending == codes.RIGHT_LOST)
    assert bob.frames == []
    vera.type("no")
    await until(lambda: vera.refused == 1)


async def test_deleted_document_closes_its_connections(typist: MakeTypist, rooms: Rooms) -> None:
    ada = typist("ada").connect()
    await until(lambda: ada.is_synced)
    rooms.end_document("d1")
    await until(lambda: ada.last_ending == codes.DELETED)
    assert not rooms.open_documents()


@pytest.mark.parametrize(
    ("reason", "ending"),
    [
        ("deleted", codes.DELETED),
        ("read_only", codes.RESET),
        ("too_large", codes.TOO_BIG),
        ("replaced", codes.REPLACED),
    ],
)
async def test_commit_that_is_refused_for_good_resets_the_room(
    typist: MakeTypist, rooms: Rooms, memory: MemoryStore, reason: str, ending: codes.Ending
) -> None:
    ada, bob = typist("ada").connect(), typist("bob").connect()
    await until(lambda: ada.is_synced and bob.is_synced)
    before = ada.stored
    if reason == "replaced":
        memory.replace("d1")
    else:
        memory.refuse("d1", reason)  # type: ignore[arg-type]  # one of its reasons
    ada.type("abc")
    await until(lambda: bool(ada.endings and bob.endings))
    assert {ada.endings[0].code, bob.endings[0].code} == {ending.code}
    assert ada.stored == before
    await until(lambda: not rooms.open_documents())


async def test_store_that_fails_for_long_is_told_and_nothing_is_lost(
    typist: MakeTypist, store: FaultyStore, memory: MemoryStore, rooms: Rooms
) -> None:
    ada, bob = typist("ada").connect(), typist("bob").connect()
    await until(lambda: ada.is_synced and bob.is_synced)
    store.is_away = True
    ada.type("abc")
    await until(lambda: ada.last_ending == bob.last_ending == codes.STORE_FAILING)
    assert rooms.refuses("d1") == codes.STORE_FAILING
    assert ada.stored < ada.sent
    store.is_away = False
    await until(lambda: rooms.refuses("d1") is None)
    ada.connect()
    bob.connect()
    await until(lambda: ada.stored == ada.sent > 0 and bob.text == "abc")
    assert text_in(await memory.load("d1")) == "abc"


async def test_shutdown_stores_and_acknowledges_before_it_closes(
    store: FaultyStore, memory: MemoryStore, policy: TokenPolicy
) -> None:
    limits = RoomLimits(gather_seconds=5.0)
    async with Rooms(store, open_memory_broker, node="n1", limits=limits) as rooms:
        ada, bob = (Typist(rooms, policy, "d1", name).connect() for name in ("ada", "bob"))
        await until(lambda: ada.is_synced and bob.is_synced)
        ada.type("by")
        await until(lambda: ada.stored == ada.sent)
        ada.type("e")
        rooms.begin_shutdown()
        rooms.begin_shutdown()
        await until(lambda: ada.last_ending == bob.last_ending == codes.SHUTDOWN)
        assert ada.stored == ada.sent
        cyd = Typist(rooms, policy, "d1", "cyd").connect()
        await until(lambda: cyd.last_ending == codes.SHUTDOWN)
        assert rooms.refuses("d1") == codes.SHUTDOWN
    assert text_in(await memory.load("d1")) == "bye"
    for each in (ada, bob, cyd):
        each.close()


async def test_shutdown_takes_bounded_time_without_a_store(store: FaultyStore, policy: TokenPolicy) -> None:
    limits = RoomLimits(gather_seconds=0.001, shutdown_seconds=0.1)
    async with Rooms(store, open_memory_broker, node="n1", limits=limits) as rooms:
        ada = Typist(rooms, policy, "d1", "ada").connect()
        await until(lambda: ada.is_synced)
        store.is_away = True
        ada.type("abc")
    assert ada.last_ending == codes.SHUTDOWN
    assert ada.stored < ada.sent
    ada.close()


async def test_row_that_rest_has_written_is_shown(typist: MakeTypist, rooms: Rooms, memory: MemoryStore) -> None:
    ada = typist("ada").connect()
    await until(lambda: ada.is_synced)
    head = (await memory.load("d1")).head
    program = typist("program")
    program.type("from REST")
    update = program.doc.get_update()
    number = (await memory.append("d1", head.generation, update, ["program"])).number
    rooms.note_stored("d1", head.generation, number, update)
    await until(lambda: ada.text == "from REST")
    rooms.note_stored("nobody-has-it-open", head.generation, 1, update)


async def test_message_may_come_for_a_document_that_is_not_open(rooms: Rooms) -> None:
    rooms.end_user("d9", "u-ada")
    rooms.set_may_write("d9", "u-ada", may_write=True)
    rooms.end_document("d9")
    rooms.end_sign_in("s-ada")
    assert rooms.revocations == 4
