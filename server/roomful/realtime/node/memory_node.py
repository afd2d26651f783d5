"""A node of a single process, which keeps its channels in memory."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from roomful.realtime.broker.memory import MemoryBroker
from roomful.realtime.broker.port import Receive
from roomful.realtime.history.memory import MemoryHistory
from roomful.realtime.limits import Limits
from roomful.realtime.node.engine import Adapters, open_engine, open_node
from roomful.realtime.node.node import Node
from roomful.realtime.policy import Policy
from roomful.realtime.presence.memory import MemoryPresence
from roomful.realtime.protocol.json_line import one_line
from roomful.realtime.publication import ClientInfo, Publication


@dataclass(frozen=True, slots=True)
class MemoryChannels:
    """Publishes, for a policy. A recoverable channel exists once its `history` has opened it."""

    history: MemoryHistory
    broker: MemoryBroker

    def publish(self, channel: str, data: bytes, *, info: ClientInfo | None = None) -> Publication:
        """Record JSON, on one line, at a recoverable channel's next offset, and deliver it.

        Raises ValueError for data that is not JSON, which is neither recorded nor delivered.
        """
        publication = self.history.append(channel, one_line(data), info=_checked(info))
        self.broker.publish(publication)
        return publication

    def publish_without_recording(self, channel: str, data: bytes, *, info: ClientInfo | None = None) -> None:
        """Deliver JSON, on one line, to the present subscribers. Raises ValueError for data that is not JSON."""
        self.broker.publish(Publication(channel, one_line(data), info=_checked(info)))


def _checked(info: ClientInfo | None) -> ClientInfo | None:
    """Raises ValueError."""
    if info is None or not info.info:
        return info
    return replace(info, info=one_line(info.info))


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryParts:
    """The replaceable parts of a memory node."""

    history: MemoryHistory = field(default_factory=MemoryHistory)
    presence: MemoryPresence = field(default_factory=MemoryPresence)
    tail_length: int = 512
    """As for `open_engine`."""


@asynccontextmanager
async def open_memory_node(
    make_policy: Callable[[MemoryChannels], Policy],
    *,
    version: str,
    limits: Limits | None = None,
    parts: MemoryParts | None = None,
) -> AsyncIterator[Node]:
    """Serve sessions by this policy. When the block is left, all of them are closed with 3001."""
    parts = parts or MemoryParts()

    @asynccontextmanager
    async def open_adapters(receive: Receive, _node: str) -> AsyncIterator[Adapters]:
        yield Adapters(broker=MemoryBroker(receive), presence=parts.presence)

    async with open_engine(parts.history, open_adapters=open_adapters, tail_length=parts.tail_length) as engine:
        assert isinstance(engine.broker, MemoryBroker)
        policy = make_policy(MemoryChannels(parts.history, engine.broker))
        async with open_node(engine, policy, version=version, limits=limits) as node:
            yield node
