"""Anything may fail at any time: what was acknowledged is stored, and all replicas are equal in the end."""

import asyncio
import functools
import random
from collections.abc import Awaitable, Sequence
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from roomful.rooms import RoomLimits, Rooms
from roomful.rooms.broker.memory import MemoryBroker, MemoryExchange
from roomful.rooms.broker.port import Receive, RoomMessage
from roomful.rooms.document.replica import Replica
from roomful.rooms.reconciliation import compare
from roomful.rooms.store.memory import MemoryStore
from tests.support.typists import FaultyStore, HocuspocusTypist, TokenPolicy, Typist, text_in

T = TypeVar("T")

NODES = 2
TYPISTS = 4
LIMITS = RoomLimits(
    gather_seconds=0.001,
    retry_seconds=0.001,
    append_tries=3,
    reconcile_seconds=3600,
    reconcile_alone_seconds=3600,
    join_seconds=5,
    shutdown_seconds=1,
    awareness_seconds=0.001,
    updates_per_second=100_000,
)


class UnreliableBroker(MemoryBroker):
    """Loses, holds back and repeats what it is told to."""

    unreliability = 0.0
    chance = random.Random(7)

    def deliver(self, message: RoomMessage) -> None:
        dice = self.chance.random()
        if dice < self.unreliability * 0.5:
            return
        super().deliver(message)
        if dice < self.unreliability:
            asyncio.get_running_loop().call_later(0.002, super().deliver, message)


class Documents(RuleBasedStateMachine):
    """Two nodes, four people on both wires, one document."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.memory = MemoryStore()
        self.memory.create("d1")
        self.store = FaultyStore(self.memory)
        self.policy = TokenPolicy()
        self.exchange = MemoryExchange()
        self.truth = Replica()
        self.rows_in_truth = 0
        self.rooms: list[Rooms | None] = [None] * NODES
        self.typists: list[Typist] = []

    def run(self, work: Awaitable[T]) -> T:
        async def settle() -> T:
            result = await work
            await asyncio.sleep(0.004)
            return result

        return self.runner.run(settle())

    @initialize()
    def begin(self) -> None:
        UnreliableBroker.unreliability = 0.0
        self.run(self._begin())

    @rule(who=st.integers(0, TYPISTS - 1), text=st.sampled_from(["a", "bc", "é😀", "x" * 300]), at=st.floats(0, 1))
    def types(self, who: int, text: str, at: float) -> None:
        async def work() -> None:
            typist = self.typists[who]
            typist.type(text, at=len(typist.text[: int(len(typist.text) * at)].encode()))

        self.run(work())

    @rule(who=st.integers(0, TYPISTS - 1), count=st.integers(1, 20))
    def deletes(self, who: int, count: int) -> None:
        async def work() -> None:
            typist = self.typists[who]
            del typist.body[: len(typist.text[:count].encode())]

        self.run(work())

    @rule(who=st.integers(0, TYPISTS - 1))
    def loses_a_frame(self, who: int) -> None:
        """The client's application drops one message. The room has to notice when the next one comes."""

        async def work() -> None:
            typist = self.typists[who]
            session, typist.session = typist.session, None
            typist.type("lost")
            typist.session = session
            typist.type("!")

        self.run(work())

    @rule(who=st.integers(0, TYPISTS - 1))
    def is_cut_off(self, who: int) -> None:
        async def work() -> None:
            self.typists[who].cut()

        self.run(work())

    @rule(who=st.integers(0, TYPISTS - 1), node=st.integers(0, NODES - 1))
    def connects(self, who: int, node: int) -> None:
        self.run(self._connect(who, node))

    @rule(is_away=st.booleans())
    def the_store_comes_or_goes(self, is_away: bool) -> None:
        self.store.is_away = is_away

    @rule(count=st.integers(1, 3))
    def answers_of_the_store_are_lost(self, count: int) -> None:
        self.store.lost_answers += count

    @rule(unreliability=st.sampled_from([0.0, 0.3, 1.0]))
    def the_broker_is_unreliable(self, unreliability: float) -> None:
        UnreliableBroker.unreliability = unreliability

    @rule(node=st.integers(0, NODES - 1))
    def a_node_is_killed(self, node: int) -> None:
        self.run(self._kill(node))

    @rule(node=st.integers(0, NODES - 1))
    def a_node_is_stopped(self, node: int) -> None:
        async def work() -> None:
            rooms, self.rooms[node] = self.rooms[node], None
            if rooms is not None:
                await rooms.__aexit__(None, None, None)

        self.run(work())

    @rule()
    def rows_are_folded(self) -> None:
        self.memory.fold("d1")

    @rule(node=st.integers(0, NODES - 1))
    def a_node_compares(self, node: int) -> None:
        self.run(self._compare(node))

    def teardown(self) -> None:
        try:
            if self.typists:
                self.run(self._end())
        finally:
            self.truth.close()
            self.runner.close()

    async def _begin(self) -> None:
        for number in range(TYPISTS):
            kind = (Typist, HocuspocusTypist)[number % 2]
            node = await self._node(number % NODES)
            typist = kind(node, self.policy, "d1", f"u{number}")
            typist.on_stored = self._check_stored
            self.typists.append(typist.connect())

    async def _node(self, number: int) -> Rooms:
        rooms = self.rooms[number]
        if rooms is None:
            open_broker = functools.partial(open_unreliable_broker, exchange=self.exchange)
            rooms = Rooms(self.store, open_broker, node=f"n{number}", limits=LIMITS)
            self.rooms[number] = await rooms.__aenter__()
        return rooms

    async def _connect(self, who: int, node: int) -> None:
        typist = self.typists[who]
        typist.cut()
        typist.rooms = await self._node(node)
        typist.connect()

    async def _kill(self, number: int) -> None:
        """Nothing that the node still wanted to do is done."""
        rooms, self.rooms[number] = self.rooms[number], None
        if rooms is not None:
            await rooms._stack.aclose()
            for typist in self.typists:
                if typist.rooms is rooms:
                    typist.cut()

    async def _compare(self, node: int) -> None:
        rooms = self.rooms[node]
        if rooms is not None:
            await compare(rooms.services, rooms._rooms)

    def _check_stored(self, updates: Sequence[bytes]) -> None:
        """At the moment of the acknowledgement: every part of these updates is in the rows."""
        document = self.memory._documents["d1"]
        if document.state:
            self.truth.apply(document.state)
        for row in document.rows:
            self.truth.apply(row.update)
        for update in updates:
            assert self.truth.adds_nothing(update), "acknowledged, and not stored"

    async def _end(self) -> None:
        """Once everything works again, all are equal, and everything is stored and acknowledged."""
        self.store.is_away, self.store.lost_answers = False, 0
        UnreliableBroker.unreliability = 0.0
        for who in range(TYPISTS):
            await self._connect(who, who % NODES)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + 20
        while not await self._is_settled():
            assert loop.time() < deadline, [(typist.text, typist.stored, typist.sent) for typist in self.typists]
            await asyncio.sleep(0.005)
            for who, typist in enumerate(self.typists):
                if typist.session is None:
                    await self._connect(who, who % NODES)
            for node in range(NODES):
                await self._compare(node)
        for typist in self.typists:
            typist.close()
        for rooms in self.rooms:
            if rooms is not None:
                await rooms.__aexit__(None, None, None)

    async def _is_settled(self) -> bool:
        if any(typist.stored != typist.sent or not typist.is_synced for typist in self.typists):
            return False
        return {typist.text for typist in self.typists} == {text_in(await self.memory.load("d1"))}


def open_unreliable_broker(receive: Receive, exchange: MemoryExchange) -> "UnreliableContext":
    return UnreliableContext(receive, exchange)


class UnreliableContext:
    def __init__(self, receive: Receive, exchange: MemoryExchange) -> None:
        self.broker = UnreliableBroker(receive, exchange)

    async def __aenter__(self) -> UnreliableBroker:
        return self.broker

    async def __aexit__(self, *_: object) -> None:
        self.broker.leave()


Documents.TestCase.settings = settings(
    max_examples=20, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestDocuments = Documents.TestCase
