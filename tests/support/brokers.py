"""Nodes that are only a broker, with what each has received."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from roomful.link.redis_names import RedisNames
from roomful.link.redis_server import RedisServer
from roomful.link.starts import Starts
from roomful.realtime.broker.memory import MemoryBroker
from roomful.realtime.broker.port import Broker
from roomful.realtime.broker.redis import RedisBroker
from roomful.realtime.broker.redis_envelopes import RedisEnvelopes
from roomful.realtime.publication import Hint, Message, NodeMessage, Publication

KEY = b"a key that the nodes of a test share"
NAMES = RedisNames(KEY)

SomeBroker = TypeVar("SomeBroker", bound=Broker, covariant=True)


class BrokerNode(Generic[SomeBroker]):
    """One process's broker; `received` is what it has handed on, in order."""

    def __init__(self, make: Callable[[Callable[[Message | Hint | NodeMessage], None]], SomeBroker]) -> None:
        self.received: list[Message | Hint | NodeMessage] = []
        self._arrived = asyncio.Event()
        self.broker = make(self._receive)

    async def receives(self, count: int, seconds: float = 5.0) -> list[Message | Hint | NodeMessage]:
        """What has come, as soon as it is so many."""
        async with asyncio.timeout(seconds):
            while len(self.received) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self.received

    def _receive(self, message: Message | Hint | NodeMessage) -> None:
        self.received.append(message)
        self._arrived.set()


def frames_of_another_node(
    *, key: bytes = KEY, names: RedisNames = NAMES, starts: Starts | None = None
) -> RedisEnvelopes:
    """What another node on the same database would send."""
    return RedisEnvelopes(key, names=names, starts=starts or Starts(None))


def memory_node() -> BrokerNode[MemoryBroker]:
    return BrokerNode(MemoryBroker)


@asynccontextmanager
async def redis_node(url: str, *, key: bytes = KEY) -> AsyncIterator[BrokerNode[RedisBroker]]:
    async with RedisServer(url) as server:
        node = BrokerNode(
            lambda receive: RedisBroker(server, receive, key=key, names=RedisNames(key, database=server.database))
        )
        async with node.broker:
            yield node


def event(channel: str, offset: int, data: bytes = b"{}") -> Publication:
    return Publication(channel, data, offset, "epoch", "task.created")


async def becomes(condition: Callable[[], bool], seconds: float, *, what: str) -> float:
    """Wait until something holds; how many seconds it took."""
    began_at = time.monotonic()
    while not condition():
        assert time.monotonic() - began_at < seconds, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.02)
    return time.monotonic() - began_at
