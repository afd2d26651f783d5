"""A node by itself: one process, whose channels are kept in its memory."""

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
    """What a policy needs to publish. A recoverable channel is there once its `history` has opened it."""

    history: MemoryHistory
    broker: MemoryBroker

    def publish(self, channel: str, data: bytes, *, info: ClientInfo | None = None) -> Publication:
        """Record JSON at a recoverable channel's next offset, and deliver it, on one line.

        Raises ValueError for what is no JSON: nothing is recorded then, and nobody gets it.
        """
        publication = self.history.append(channel, one_line(data), info=_checked(info))
        self.broker.publish(publication)
        return publication

    def publish_without_recording(self, channel: str, data: bytes, *, info: ClientInfo | None = None) -> None:
        """Deliver JSON, on one line, to those who are subscribed now. Raises ValueError for what is no JSON."""
        self.broker.publish(Publication(channel, one_line(data), info=_checked(info)))


def _checked(info: ClientInfo | None) -> ClientInfo | None:
    """Raises ValueError."""
    if info is None or not info.info:
        return info
    return replace(info, info=one_line(info.info))


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryParts:
    """What a node is made of that some want otherwise."""

    history: MemoryHistory = field(default_factory=MemoryHistory)
    presence: MemoryPresence = field(default_factory=MemoryPresence)
    tail_length: int = 512
    """Of each channel in use, for who comes back; no longer than the shortest history, which must not seem longer."""


@asynccontextmanager
async def open_memory_node(
    make_policy: Callable[[MemoryChannels], Policy],
    *,
    version: str,
    limits: Limits | None = None,
    parts: MemoryParts | None = None,
) -> AsyncIterator[Node]:
    """Serve sessions with this policy; at the end every one of them is closed with 3001."""
    parts = parts or MemoryParts()

    @asynccontextmanager
    async def open_adapters(receive: Receive, _node: str) -> AsyncIterator[Adapters]:
        yield Adapters(broker=MemoryBroker(receive), presence=parts.presence)

    async with open_engine(parts.history, open_adapters=open_adapters, tail_length=parts.tail_length) as engine:
        assert isinstance(engine.broker, MemoryBroker)
        policy = make_policy(MemoryChannels(parts.history, engine.broker))
        async with open_node(engine, policy, version=version, limits=limits) as node:
            yield node
