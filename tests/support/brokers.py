"""Nodes that consist of a broker only, with the messages that each received."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Generic, TypeVar

from roomful.link.envelopes import Envelopes
from roomful.link.redis_names import RedisNames
from roomful.link.redis_server import RedisServer
from roomful.link.sealed_redis import SealedRedis
from roomful.link.starts import ReadStarts, Starts
from roomful.realtime.broker import redis_messages
from roomful.realtime.broker.memory import MemoryBroker
from roomful.realtime.broker.port import Broker
from roomful.realtime.broker.redis import RedisBroker
from roomful.realtime.publication import Hint, Message, NodeMessage, Publication

KEY = b"a key that the nodes of a test share"
NAMES = RedisNames(KEY)

SomeBroker = TypeVar("SomeBroker", bound=Broker, covariant=True)


class BrokerNode(Generic[SomeBroker]):
    """One process's broker; `received` has its messages in order."""

    def __init__(self, make: Callable[[Callable[[Message | Hint | NodeMessage], None]], SomeBroker]) -> None:
        self.received: list[Message | Hint | NodeMessage] = []
        self._arrived = asyncio.Event()
        self.broker = make(self._receive)

    async def receives(self, count: int, seconds: float = 5.0) -> list[Message | Hint | NodeMessage]:
        """The messages, once there are this many."""
        async with asyncio.timeout(seconds):
            while len(self.received) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self.received

    def _receive(self, message: Message | Hint | NodeMessage) -> None:
        self.received.append(message)
        self._arrived.set()


class ChannelFrames:
    """The messages of channels, as another node on the same database would send and accept them."""

    def __init__(
        self,
        *,
        key: bytes = KEY,
        names: RedisNames = NAMES,
        starts: Starts | None = None,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self._names = names
        self._envelopes = Envelopes(key, starts=starts or Starts(None), clock=clock)

    def name_of(self, channel: str) -> bytes:
        return self._names.of("channel", channel)

    def encode(self, message: Message | NodeMessage) -> bytes:
        content = redis_messages.encode(message)
        assert content is not None
        return self._envelopes.seal(self.name_of(message.channel), content)

    def decode(self, channel: str, frame: bytes) -> Message | Hint | NodeMessage:
        """Raises EnvelopeRefused, Malformed."""
        return redis_messages.decode(self._envelopes.open(self.name_of(channel), frame))


def memory_node() -> BrokerNode[MemoryBroker]:
    return BrokerNode(MemoryBroker)


@asynccontextmanager
async def redis_link(
    url: str, *, key: bytes = KEY, read_starts: ReadStarts | None = None
) -> AsyncIterator[SealedRedis]:
    async with RedisServer(url) as server:
        names = RedisNames(key, database=server.database)
        async with SealedRedis(server, key=key, names=names, read_starts=read_starts) as link:
            yield link


@asynccontextmanager
async def redis_node(url: str, *, key: bytes = KEY) -> AsyncIterator[BrokerNode[RedisBroker]]:
    async with redis_link(url, key=key) as link:
        yield BrokerNode(partial(RedisBroker, link))


def event(channel: str, offset: int, data: bytes = b"{}") -> Publication:
    return Publication(channel, data, offset, "epoch", "task.created")


async def becomes(condition: Callable[[], bool], seconds: float, *, what: str) -> float:
    """Wait until a condition holds. Returns the seconds it took."""
    began_at = time.monotonic()
    while not condition():
        assert time.monotonic() - began_at < seconds, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.02)
    return time.monotonic() - began_at
