"""Guarantees for clients of either wire."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from roomful.rooms import Rooms, codes
from roomful.rooms.store.memory import MemoryStore
from tests.support.typists import FaultyStore, HocuspocusTypist, TokenPolicy, Typist, text_in, until

MakeTypist = Callable[..., Typist]


@pytest.fixture(params=[Typist, HocuspocusTypist])
async def typist(request: pytest.FixtureRequest, rooms: Rooms, policy: TokenPolicy) -> AsyncIterator[MakeTypist]:
    made: list[Typist] = []

    def make(token: str, document_id: str = "d1", generation: str = "") -> Typist:
        made.append(request.param(rooms, policy, document_id, token, generation=generation))
        return made[-1]

    yield make
    for each in made:
        each.close()


async def test_clients_see_what_others_type(typist: MakeTypist) -> None:
    ada, bob = typist("ada").connect(), typist("bob").connect()
    await until(lambda: ada.is_synced and bob.is_synced)
    ada.type("Hello")
    await until(lambda: bob.text == "Hello")
    bob.type(" world")
    await until(lambda: ada.text == "Hello world")


async def test_newcomer_gets_the_document(typist: MakeTypist) -> None:
    ada = typist("ada").connect()
    ada.type("Hello")
    await until(lambda: ada.stored >= 2)
    bob = typist("bob").connect()
    await until(lambda: bob.text == "Hello")


async def test_each_update_is_acknowledged_when_it_is_stored(
    typist: MakeTypist, store: FaultyStore, memory: MemoryStore
) -> None:
    ada, bob = typist("ada").connect(), typist("bob").connect()
    await until(lambda: ada.stored == 1 and bob.stored == 1)
    store.append_gate = asyncio.Event()
    ada.type("a")
    ada.type("b")
    await until(lambda: bob.text == "ab" and store.appends == 1)
    ada.send(b"\x00\x01\x02\x00\x00")  # brings nothing, and waits for what was before it
    await asyncio.sleep(0.02)
    assert ada.stored == 1
    assert text_in(await memory.load("d1")) == ""
    store.append_gate.set()
    await until(lambda: ada.stored == ada.sent + 1)
    assert text_in(await memory.load("d1")) == "ab"
    assert bob.stored == 1


async def test_client_brings_what_it_wrote_without_a_connection(typist: MakeTypist, memory: MemoryStore) -> None:
    ada = typist("ada").connect()
    await until(lambda: ada.is_synced)
    ada.cut()
    ada.type("offline")
    ada.connect()
    await until(lambda: ada.stored == ada.sent > 0)
    assert text_in(await memory.load("d1")) == "offline"


async def test_edit_and_leave_at_once_is_stored(typist: MakeTypist, store: FaultyStore, memory: MemoryStore) -> None:
    ada = typist("ada").connect()
    await until(lambda: ada.is_synced)
    ada.type("bye")
    ada.cut()
    await until(lambda: store.appends == 1)
    assert text_in(await memory.load("d1")) == "bye"


async def test_unknown_document_is_refused(typist: MakeTypist, rooms: Rooms) -> None:
    ada = typist("ada", "nobody-made-this").connect()
    await until(lambda: ada.last_ending is not None)
    assert ada.last_ending in (codes.DELETED, (0, codes.DELETED.reason))
    assert not rooms.open_documents()


async def test_another_generation_is_refused(typist: MakeTypist, memory: MemoryStore) -> None:
    generation = (await memory.load("d1")).head.generation
    ada, bob = typist("ada", generation=generation).connect(), typist("bob", generation="00000000").connect()
    await until(lambda: ada.is_synced and bob.last_ending is not None)
    assert bob.last_ending is not None
    assert bob.last_ending.reason == codes.REPLACED.reason


async def test_viewer_receives_and_is_refused(typist: MakeTypist, memory: MemoryStore) -> None:
    ada, vera = typist("ada").connect(), typist("vera:read").connect()
    await until(lambda: ada.is_synced and vera.is_synced)
    ada.type("Hello")
    await until(lambda: vera.text == "Hello")
    vera.type(" EVIL")
    await until(lambda: vera.refused == 1)
    ada.type("!")
    await until(lambda: ada.stored == ada.sent)
    assert ada.text == "Hello!" == text_in(await memory.load("d1"))
    await until(lambda: "!" in vera.text)
