"""The engine of one process, put together once for everybody who serves it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from roomful.concurrency.background_loops import BackgroundLoops
from roomful.concurrency.task_scope import TaskScope
from roomful.link.rates import BucketStore, Rates
from roomful.realtime.broker.memory import MemoryBroker
from roomful.realtime.broker.port import Broker, Receive
from roomful.realtime.delivery.hub import Hub
from roomful.realtime.history.port import History
from roomful.realtime.limits import Limits
from roomful.realtime.node.emulation import Emulation, receiver
from roomful.realtime.node.node import Node
from roomful.realtime.node.shutdown import Shutdown
from roomful.realtime.node.socket_registry import SocketRegistry
from roomful.realtime.policy import Policy
from roomful.realtime.presence.memory import MemoryPresence
from roomful.realtime.presence.port import Presence
from roomful.realtime.presence.recorder import PresenceRecorder


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapters:
    """What reaches the other processes. Without `buckets` each process counts rates for itself."""

    broker: Broker
    presence: Presence
    buckets: BucketStore | None = None


OpenAdapters = Callable[[Receive, str], AbstractAsyncContextManager[Adapters]]
"""Opens them, given where the broker brings its messages, and the name of this node."""


@asynccontextmanager
async def memory_adapters(receive: Receive, _node: str) -> AsyncIterator[Adapters]:
    """Those of a process that is alone."""
    yield Adapters(broker=MemoryBroker(receive), presence=MemoryPresence())


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What a process knows of channels, whoever may use them. A `Node` serves clients on it, by a policy."""

    hub: Hub
    history: History
    broker: Broker
    presence: Presence
    emulation: Emulation
    rates: Rates
    task_scope: TaskScope
    loops: BackgroundLoops


@asynccontextmanager
async def open_engine(
    history: History,
    *,
    open_adapters: OpenAdapters = memory_adapters,
    secret: bytes = b"",
    tail_length: int = 512,
    batch_delay_seconds: float = 0.0,
) -> AsyncIterator[Engine]:
    """Follow channels and deliver what is published, until the block is left.

    Nodes of one installation share the `secret`. `tail_length` publications of each channel in use are kept in memory
    for clients that come back: no more than the shortest history, which must not seem longer than it is.
    """
    async with AsyncExitStack() as stack:
        task_scope = await stack.enter_async_context(TaskScope("sessions"))
        hub = Hub(history, task_scope, tail_length=tail_length, batch_delay_seconds=batch_delay_seconds)
        emulation = Emulation(secret)
        adapters = await stack.enter_async_context(open_adapters(receiver(hub, emulation), emulation.node))
        hub.connect(adapters.broker)
        await emulation.connect(adapters.broker)
        rates = Rates(adapters.buckets)
        loops = await stack.enter_async_context(BackgroundLoops())
        loops.run("hub", hub.run())
        loops.run("rate limits", rates.run())
        yield Engine(
            hub=hub,
            history=history,
            broker=adapters.broker,
            presence=adapters.presence,
            emulation=emulation,
            rates=rates,
            task_scope=task_scope,
            loops=loops,
        )


@asynccontextmanager
async def open_node(
    engine: Engine, policy: Policy, *, version: str, limits: Limits | None = None, grace_seconds: float = 1.0
) -> AsyncIterator[Node]:
    """Serve sessions by this policy; when the block is left every one of them is closed with 3001.

    `grace_seconds` is what a shutdown that begins earlier has for closing them one after the other.
    """
    sessions = SocketRegistry()
    node = Node(
        version=version,
        hub=engine.hub,
        history=engine.history,
        presence=engine.presence,
        presence_recorder=PresenceRecorder(engine.presence, engine.broker.publish),
        policy=policy,
        task_scope=engine.task_scope,
        sessions=sessions,
        shutdown=Shutdown(sessions, engine.task_scope, grace_seconds=grace_seconds),
        emulation=engine.emulation,
        rates=engine.rates,
        limits=limits or Limits(),
    )
    engine.loops.run("timers", node.wheel.run())
    engine.loops.run("presence recorder", node.presence_recorder.run())
    try:
        yield node
    finally:
        node.shutdown.finish()
        await node.presence_recorder.settle()
