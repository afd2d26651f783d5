"""Hub, channel, fan-out and subscriptions under every order of events that a state machine can think of.

Whatever the broker loses, repeats and reorders, and however clients come and go, what a client has seen since its
start is the log up to where it stands: contiguous, no repeats; and all are level with the log once things are quiet.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from roomful.concurrency.task_scope import TaskScope
from roomful.realtime.broker.memory import MemoryBroker
from roomful.realtime.delivery.hub import Hub
from roomful.realtime.delivery.subscription import Subscription
from roomful.realtime.delivery.wire import PlainWire
from roomful.realtime.history.memory import MemoryHistory
from roomful.realtime.history.port import Expired, HistoryUnavailable, Page
from roomful.realtime.policy import Rules
from roomful.realtime.protocol.codes import Unsubscribe
from roomful.realtime.protocol.formats import PLAIN
from roomful.realtime.publication import ClientInfo, Hint, Message, NodeMessage, Position, Publication
from tests.support.engine import ListTransport

CHANNEL = "project:1"
RULES = Rules(is_recoverable=True)
TAIL = 4
LIMIT = 6
"""Limit of a recovery: small, so that clients do miss too much."""


class Outages:
    """A history that is unavailable at times."""

    def __init__(self, history: MemoryHistory) -> None:
        self._history = history
        self.is_out = False

    async def read(self, channel: str, after: int | None, *, limit: int) -> Page:
        await self._reach()
        return await self._history.read(channel, after, limit=limit)

    async def read_back(self, channel: str, before: int | None, *, limit: int) -> Page:
        await self._reach()
        return await self._history.read_back(channel, before, limit=limit)

    async def heads(self, channels: Sequence[str]) -> Mapping[str, Position]:
        await self._reach()
        return await self._history.heads(channels)

    async def renew_if_lost(self, channel: str, delivered: Position, data: bytes | None) -> None:
        await self._history.renew_if_lost(channel, delivered, data)

    async def _reach(self) -> None:
        await asyncio.sleep(0)  # something else may happen meanwhile
        if self.is_out:
            raise HistoryUnavailable


@dataclass(eq=False)
class Client:
    """A subscriber with the events it has seen: one list for each stretch that must have no gap."""

    transport: ListTransport = field(default_factory=ListTransport)
    subscription: Subscription | None = None
    position: Position | None = None
    stretch: list[int] = field(default_factory=list)

    def take(self) -> None:
        for event in self.transport.take():
            self.stretch.append(event["offset"])

    def start_at(self, position: Position) -> None:
        """Later events are not continuous with earlier ones."""
        self.take()
        self.position, self.stretch = position, []

    def subscription_ended(self, _subscription: Subscription, _reason: Unsubscribe) -> None:
        self.subscription = None

    def subscription_reset(self, _subscription: Subscription, position: Position) -> None:
        self.start_at(position)

    @property
    def stands_at(self) -> Position | None:
        if self.position is None:
            return None
        return Position(self.position.epoch, self.position.offset + len(self.stretch))


class HubMachine(RuleBasedStateMachine):
    """The event loop runs only inside the rules."""

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.memory = MemoryHistory(size=1000)
        self.history = Outages(self.memory)
        self.epoch = self.memory.open(CHANNEL).epoch
        self.events: list[Publication] = []
        self.clients = [Client() for _ in range(3)]

        async def build() -> None:
            self.task_scope = await TaskScope("machine").__aenter__()
            self.broker = MemoryBroker(self._receive)
            self.hub = Hub(self.history, self.broker, self.task_scope, tail_length=TAIL)

        self.loop.run_until_complete(build())

    def teardown(self) -> None:
        if not hasattr(self, "loop"):
            return
        try:
            self.quiesce()
        finally:
            self.loop.run_until_complete(self.task_scope.__aexit__(None, None, None))
            self.loop.close()

    # The log and the broker

    @rule(is_told=st.booleans())
    def commit(self, is_told: bool) -> None:
        self.events.append(self.memory.append(CHANNEL, msgspec.json.encode({"offset": len(self.events) + 1})))
        if is_told:
            self._dispatch(self.events[-1])

    @precondition(lambda self: self.events)
    @rule(data=st.data(), times=st.integers(1, 2))
    def publish_any(self, data: st.DataObject, times: int) -> None:
        """Any event of the log, new or old, once or twice."""
        event = data.draw(st.sampled_from(self.events))
        for _ in range(times):
            self._dispatch(event)

    @precondition(lambda self: len(self.events) > 1)
    @rule(data=st.data())
    def publish_out_of_order(self, data: st.DataObject) -> None:
        for event in data.draw(st.permutations(self.events[-4:])):
            self._dispatch(event)

    @precondition(lambda self: self.events)
    @rule(data=st.data())
    def hint(self, data: st.DataObject) -> None:
        event = data.draw(st.sampled_from(self.events))
        self._run(self._dispatch_in_loop(Hint(CHANNEL, Position(event.epoch, event.offset))))

    @rule()
    def forge(self) -> None:
        """An event of another epoch has no effect."""
        self._dispatch(Publication(CHANNEL, b'{"offset":-1}', len(self.events) + 1, "another"))

    @rule()
    def replace_history(self) -> None:
        self.memory.forget(CHANNEL)
        self.epoch = self.memory.open(CHANNEL).epoch
        self.events = []

    @rule(is_out=st.booleans())
    def reach_history(self, is_out: bool) -> None:
        self.history.is_out = is_out

    # Clients

    @rule(number=st.integers(0, 2), with_since=st.booleans(), turns=st.integers(0, 3))
    def come(self, number: int, with_since: bool, turns: int) -> None:
        """Subscribe, perhaps from its position; events may be committed and published meanwhile."""
        client = self.clients[number]
        if client.subscription is None:
            self._run(self._subscribe(client, with_since, turns))

    @rule(number=st.integers(0, 2))
    def go(self, number: int) -> None:
        client = self.clients[number]
        if client.subscription is not None:
            self._run(self._leave(client))

    @rule()
    def reconcile(self) -> None:
        self._run(self._reconcile())

    @rule()
    def flush(self) -> None:
        self._run(self._flush())

    @rule(turns=st.integers(1, 10))
    def time_passes(self, turns: int) -> None:
        self._run(_turns(turns))

    @invariant()
    def nobody_has_seen_a_hole_or_a_repeat(self) -> None:
        for client in getattr(self, "clients", ()):
            client.take()
            start = client.position.offset if client.position else 0
            assert client.stretch == list(range(start + 1, start + 1 + len(client.stretch)))

    def quiesce(self) -> None:
        """With the log available, all have caught up after two reconciliations and their repairs."""
        self.history.is_out = False

        async def settle() -> None:
            async with asyncio.timeout(10):
                while not self._all_level():
                    await self._reconcile()
                    await asyncio.sleep(0.005)

        self.loop.run_until_complete(settle())
        self.nobody_has_seen_a_hole_or_a_repeat()

    def _all_level(self) -> bool:
        head = self.memory.open(CHANNEL)
        for client in self.clients:
            client.take()
        return all(client.stands_at == head for client in self.clients if client.subscription is not None)

    async def _subscribe(self, client: Client, with_since: bool, turns: int) -> None:
        client.take()
        subscription = client.subscription = Subscription(
            CHANNEL,
            ClientInfo("c", "u"),
            RULES,
            wire=PlainWire(PLAIN, ListTransport.framing),
            outlet=client.transport,
            owner=client,
        )
        self.hub.reserve(subscription)
        since = client.stands_at if with_since else None
        try:
            position = await self.hub.follow(subscription)
            for _ in range(turns):  # the database is slow, and events go on
                self.events.append(self.memory.append(CHANNEL, msgspec.json.encode({"offset": len(self.events) + 1})))
                self.broker.publish(self.events[-1])
                await asyncio.sleep(0)
            if since is not None:
                missed = await self.hub.catch_up(CHANNEL, since, limit=LIMIT)
                if missed.is_complete:
                    assert len(missed.publications) <= LIMIT
                    for publication in missed.publications:
                        client.transport.write(ListTransport.framing.frame([publication.data], text=True))
                    self.hub.go_live(subscription)
                    return
            position = await self.hub.open(CHANNEL)
        except Expired:
            position = await self.hub.open(CHANNEL)
        except HistoryUnavailable:
            self.hub.leave(subscription)
            client.subscription = None
            return
        client.start_at(position)
        self.hub.go_live(subscription)

    async def _leave(self, client: Client) -> None:
        assert client.subscription is not None
        self.hub.leave(client.subscription)
        client.subscription = None
        client.take()

    async def _reconcile(self) -> None:
        await self.hub.reconcile()

    async def _flush(self) -> None:
        self.hub.flush(CHANNEL)

    async def _dispatch_in_loop(self, message: Publication | Hint) -> None:
        self.hub.dispatch(message)

    def _receive(self, message: Message | Hint | NodeMessage) -> None:
        assert not isinstance(message, NodeMessage)
        self.hub.dispatch(message)

    def _dispatch(self, event: Publication) -> None:
        self._run(self._dispatch_in_loop(event))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self.loop.run_until_complete(work)


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


TestHubMachine = HubMachine.TestCase
TestHubMachine.settings = settings(
    max_examples=50,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
