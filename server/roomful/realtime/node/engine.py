"""The engine of one process, and the node that serves clients on it: built here, in one place."""

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
from roomful.realtime.node.emulation import Emulation, new_node_name
from roomful.realtime.node.node import Node
from roomful.realtime.node.shutdown import Shutdown
from roomful.realtime.node.socket_registry import SocketRegistry
from roomful.realtime.policy import Policy
from roomful.realtime.presence.memory import MemoryPresence
from roomful.realtime.presence.port import Presence
from roomful.realtime.presence.recorder import PresenceRecorder
from roomful.realtime.publication import Hint, Message, NodeMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapters:
    """The adapters that reach other processes. Without `buckets` each process counts rates for itself."""

    broker: Broker
    presence: Presence
    buckets: BucketStore | None = None


OpenAdapters = Callable[[Receive, str], AbstractAsyncContextManager[Adapters]]
"""Opens the adapters, given the function that receives the broker's messages, and this node's name."""


@asynccontextmanager
async def memory_adapters(receive: Receive, _node: str) -> AsyncIterator[Adapters]:
    """The adapters of a single process."""
    yield Adapters(broker=MemoryBroker(receive), presence=MemoryPresence())


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The channels of one process, without a policy. A `Node` serves clients on it, by a policy."""

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
    node: str = "",
    tail_length: int = 512,
    batch_delay_seconds: float = 0.0,
) -> AsyncIterator[Engine]:
    """Follow channels and deliver publications until the block is left.

    Nodes of one installation share the `secret`; `node` names this one (`new_node_name`). `tail_length` publications
    of each channel in use are kept in memory for returning clients. It must not exceed the shortest history, or more
    could be recovered than history keeps.
    """
    hub: Hub | None = None
    emulation: Emulation | None = None

    def receive(message: Message | Hint | NodeMessage) -> None:
        # Both are None until the adapters are open: nothing has been subscribed to by then.
        if isinstance(message, NodeMessage):
            if emulation is not None:
                emulation.accept(message)
        elif hub is not None:
            hub.dispatch(message)

    async with AsyncExitStack() as stack:
        task_scope = await stack.enter_async_context(TaskScope("sessions"))
        node = node or new_node_name()
        adapters = await stack.enter_async_context(open_adapters(receive, node))
        broker = adapters.broker
        hub = Hub(history, broker, task_scope, tail_length=tail_length, batch_delay_seconds=batch_delay_seconds)
        emulation = Emulation(broker, node=node, secret=secret)
        await broker.subscribe(emulation.channel)
        rates = Rates(adapters.buckets)
        loops = await stack.enter_async_context(BackgroundLoops())
        loops.run("hub", hub.run())
        loops.run("rate limits", rates.run())
        yield Engine(
            hub=hub,
            history=history,
            broker=broker,
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
    """Serve sessions by this policy. When the block is left, all of them are closed with 3001.

    A shutdown that begins before that has `grace_seconds` to close them one after the other.
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
