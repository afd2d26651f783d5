"""A document that is open on two nodes, and what the way between them loses."""

import asyncio
import functools
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from roomful.rooms import RoomLimits, Rooms
from roomful.rooms.broker.memory import MemoryBroker, MemoryExchange, open_memory_broker
from roomful.rooms.broker.port import AwarenessChanged, RoomMessage, RowStored
from roomful.rooms.reconciliation import compare
from roomful.rooms.store.memory import MemoryStore
from tests.support.typists import FaultyStore, TokenPolicy, Typist, text_in, until

LIMITS = RoomLimits(gather_seconds=0.002, retry_seconds=0.01, reconcile_seconds=60, reconcile_alone_seconds=60)


class LossyExchange(MemoryExchange):
    """Drops what `loses` says."""

    def __init__(self) -> None:
        super().__init__()
        self.loses: Callable[[RoomMessage], bool] = lambda _: False
        self.carried: list[RoomMessage] = []


class Nodes:
    """Two nodes on one store."""

    def __init__(self, store: FaultyStore, memory: MemoryStore, exchange: LossyExchange, rooms: list[Rooms]) -> None:
        self.store = store
        self.memory = memory
        self.exchange = exchange
        self.rooms = rooms
        self.policy = TokenPolicy()
        self.typists: list[Typist] = []

    def typist(self, node: int, token: str) -> Typist:
        typist = Typist(self.rooms[node], self.policy, "d1", token).connect()
        self.typists.append(typist)
        return typist

    async def pair(self) -> tuple[Typist, Typist]:
        """Somebody on each node."""
        ada, bob = self.typist(0, "ada"), self.typist(1, "bob")
        await until(lambda: ada.is_synced and bob.is_synced)
        return ada, bob

    async def compare(self) -> None:
        for rooms in self.rooms:
            await compare(rooms.services, rooms._rooms)


@pytest.fixture
async def nodes(store: FaultyStore, memory: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Nodes]:
    exchange = LossyExchange()
    deliver = MemoryBroker.deliver

    def deliver_some(self: MemoryBroker, message: RoomMessage) -> None:
        exchange.carried.append(message)
        if not exchange.loses(message):
            deliver(self, message)

    monkeypatch.setattr(MemoryBroker, "deliver", deliver_some)
    async with AsyncExitStack() as stack:
        open_broker = functools.partial(open_memory_broker, exchange=exchange)
        rooms = [
            await stack.enter_async_context(Rooms(store, open_broker, node=f"n{number}", limits=LIMITS))
            for number in range(2)
        ]
        nodes = Nodes(store, memory, exchange, rooms)
        yield nodes
        for typist in nodes.typists:
            typist.close()


async def test_other_nodes_see_what_is_stored(nodes: Nodes) -> None:
    ada, bob = await nodes.pair()
    ada.type("Hello")
    await until(lambda: bob.text == "Hello")
    bob.type(" world")
    await until(lambda: ada.text == "Hello world")
    assert sum(rooms.counters.gaps for rooms in nodes.rooms) == 0


async def test_other_nodes_see_nothing_before_it_is_stored(nodes: Nodes) -> None:
    ada, bob = await nodes.pair()
    nodes.store.append_gate = asyncio.Event()
    ada.type("Hello")
    await until(lambda: nodes.store.appends == 1)
    await asyncio.sleep(0.02)
    assert bob.text == ""
    assert not any(isinstance(message, RowStored) for message in nodes.exchange.carried)
    nodes.store.append_gate.set()
    await until(lambda: bob.text == "Hello")


async def test_people_who_type_on_both_nodes_at_once_make_no_gaps(nodes: Nodes) -> None:
    """A row of the other node often comes before the answer to an own one."""
    ada, bob = await nodes.pair()
    for _ in range(40):
        ada.type("a")
        bob.type("b")
        await asyncio.sleep(0.003)
    await until(lambda: len(ada.text) == 80 and ada.text == bob.text)
    assert sum(rooms.counters.gaps for rooms in nodes.rooms) <= 20  # of 80, where the machine stands still


async def test_lost_row_is_read_when_the_next_one_comes(nodes: Nodes) -> None:
    ada, bob = await nodes.pair()
    nodes.exchange.loses = lambda message: isinstance(message, RowStored)
    ada.type("lost ")
    await until(lambda: ada.stored == ada.sent)
    nodes.exchange.loses = lambda _: False
    ada.type("found")
    await until(lambda: bob.text == "lost found")
    assert nodes.rooms[1].counters.gaps == 1


async def test_lost_last_row_is_found_by_comparing(nodes: Nodes) -> None:
    """A deletion too, which no state vector tells of."""
    ada, bob = await nodes.pair()
    ada.type("abc")
    await until(lambda: bob.text == "abc")
    nodes.exchange.loses = lambda _: True
    ada.delete(0, 2)
    await until(lambda: ada.stored == ada.sent)
    await nodes.compare()
    await until(lambda: bob.text == "c")


async def test_rows_that_were_folded_meanwhile_are_found(nodes: Nodes) -> None:
    ada, bob = await nodes.pair()
    nodes.exchange.loses = lambda _: True
    ada.type("abc")
    await until(lambda: ada.stored == ada.sent)
    nodes.memory.fold("d1")
    await nodes.compare()
    await until(lambda: bob.text == "abc")


async def test_row_too_large_for_the_way_is_read(nodes: Nodes) -> None:
    ada, bob = await nodes.pair()
    ada.type("x" * 300_000)
    await until(lambda: len(bob.text) == 300_000)
    assert max(len(message.update) for message in nodes.exchange.carried if isinstance(message, RowStored)) == 0


async def test_row_that_is_stored_while_another_node_loads_is_not_missed(nodes: Nodes) -> None:
    ada = nodes.typist(0, "ada")
    await until(lambda: ada.is_synced)
    nodes.store.load_gate = asyncio.Event()
    load, loaded = nodes.memory.load, await nodes.memory.load("d1")

    async def load_what_was(_document_id: str) -> object:
        return loaded

    nodes.memory.load = load_what_was  # type: ignore[assignment, method-assign]
    bob = nodes.typist(1, "bob")
    await until(lambda: nodes.store.loads == 2)
    ada.type("meanwhile")
    await until(lambda: ada.stored == ada.sent)
    nodes.store.load_gate.set()
    await until(lambda: bob.text == "meanwhile")
    nodes.memory.load = load  # type: ignore[method-assign]


async def test_number_that_does_not_exist_is_forgotten(nodes: Nodes) -> None:
    ada, bob = await nodes.pair()
    generation = (await nodes.memory.load("d1")).head.generation
    room = nodes.rooms[1]._rooms["d1"]
    room.rows.arrived(generation, 9000, b"\x00\x00")
    await until(lambda: nodes.rooms[1].counters.gaps == 1)
    ada.type("abc")
    await until(lambda: bob.text == "abc")
    assert nodes.rooms[1].counters.gaps == 1


async def test_store_that_is_away_while_a_gap_is_read(nodes: Nodes) -> None:
    ada, bob = await nodes.pair()
    nodes.exchange.loses = lambda message: isinstance(message, RowStored)
    ada.type("lost")
    await until(lambda: ada.stored == ada.sent)
    nodes.store.is_away = True
    generation = (await nodes.memory.load("d1")).head.generation
    nodes.rooms[1]._rooms["d1"].rows.arrived(generation, 1, b"")
    await asyncio.sleep(0.05)
    nodes.store.is_away = False
    await until(lambda: bob.text == "lost")


async def test_replaced_history_resets_every_node(nodes: Nodes) -> None:
    ada, bob = await nodes.pair()
    ada.type("abc")
    await until(lambda: bob.text == "abc")
    nodes.memory.replace("d1")
    await nodes.compare()
    await until(lambda: bool(ada.endings and bob.endings))
    assert {ada.endings[0].code, bob.endings[0].code} == {4409}


async def test_deleted_document_is_found_by_comparing(nodes: Nodes) -> None:
    ada, bob = await nodes.pair()
    nodes.memory.refuse("d1", "deleted")
    await nodes.compare()
    await until(lambda: bool(ada.endings and bob.endings))
    assert {ada.endings[0].code, bob.endings[0].code} == {4404}


async def test_database_that_was_put_back_gets_what_it_lacks_from_the_clients(nodes: Nodes) -> None:
    ada, _ = await nodes.pair()
    ada.type("abc")
    await until(lambda: ada.stored == ada.sent)
    nodes.memory._documents["d1"].rows.clear()
    await nodes.compare()
    await until(lambda: bool(ada.endings))
    ada.connect()
    await until(lambda: ada.stored == ada.sent > 0)
    assert text_in(await nodes.memory.load("d1")) == "abc"


async def test_presence_reaches_the_other_node(nodes: Nodes) -> None:
    ada, bob = await nodes.pair()
    ada.say({"at": 1})
    await until(lambda: bob.others.get(ada.client_id) == {"user": {"id": "u-ada", "name": "Ada"}, "at": 1})
    ada.cut()
    await until(lambda: ada.client_id not in bob.others)


async def test_who_opens_a_document_hears_who_is_on_the_other_nodes(nodes: Nodes) -> None:
    ada = nodes.typist(0, "ada")
    await until(lambda: ada.is_synced)
    ada.say({"at": 1})
    bob = nodes.typist(1, "bob")
    await until(lambda: ada.client_id in bob.others)


async def test_presence_is_gathered(nodes: Nodes) -> None:
    ada, bob = await nodes.pair()
    for at in range(30):
        ada.say({"at": at})
    await until(lambda: bob.others.get(ada.client_id) == {"user": {"id": "u-ada", "name": "Ada"}, "at": 29})
    assert sum(isinstance(message, AwarenessChanged) for message in nodes.exchange.carried) <= 3


async def test_states_that_can_not_be_read_are_dropped(nodes: Nodes) -> None:
    await nodes.pair()
    room = nodes.rooms[0]._rooms["d1"]
    room.awareness.arrived(AwarenessChanged("d1", "n9", b"garbage"))
    assert nodes.rooms[0].counters.messages_dropped == 1


async def test_everything_may_be_lost_reordered_and_repeated(nodes: Nodes) -> None:
    chance = random.Random(7)
    nodes.exchange.loses = lambda _: chance.random() < 0.4
    typists = [nodes.typist(number % 2, f"u{number}") for number in range(4)]
    await until(lambda: all(typist.is_synced for typist in typists))
    for _ in range(60):
        typist = chance.choice(typists)
        typist.type(chance.choice("abcd"), at=chance.randint(0, len(typist.text)))
        if len(typist.text) > 5 and chance.random() < 0.3:
            typist.delete(1, 3)
        await asyncio.sleep(0.001)
    await until(lambda: all(typist.stored == typist.sent for typist in typists))
    await nodes.compare()
    await until(lambda: len({typist.text for typist in typists}) == 1)
    assert typists[0].text == text_in(await nodes.memory.load("d1"))


async def test_nodes_compare_by_themselves_and_go_on_after_a_fault(
    store: FaultyStore, memory: MemoryStore, policy: TokenPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = RoomLimits(reconcile_seconds=0.05, reconcile_alone_seconds=0.05)
    async with Rooms(store, open_memory_broker, node="n1", limits=limits) as rooms:
        ada = Typist(rooms, policy, "d1", "ada").connect()
        await until(lambda: ada.is_synced)
        monkeypatch.setattr(store, "heads", None)
        await asyncio.sleep(0.2)
        monkeypatch.undo()
        program = Typist(rooms, policy, "d1", "program")
        program.type("unannounced")
        head = (await memory.load("d1")).head
        await memory.append("d1", head.generation, program.doc.get_update(), ["program"])
        await until(lambda: ada.text == "unannounced")
        program.close()
        ada.close()
