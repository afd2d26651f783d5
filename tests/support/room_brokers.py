"""Brokers of documents, two nodes of each: every adapter of the port has a line in BROKERS."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import pytest

from roomful.rooms.broker.memory import MemoryBroker, MemoryExchange
from roomful.rooms.broker.port import RoomBroker, RoomMessage
from roomful.rooms.broker.redis import RedisRoomBroker
from tests.support.brokers import redis_link
from tests.support.valkey import Valkey


class Received:
    """The messages a node has received, in order."""

    def __init__(self) -> None:
        self.messages: list[RoomMessage] = []
        self._arrived = asyncio.Event()

    def receive(self, message: RoomMessage) -> None:
        self.messages.append(message)
        self._arrived.set()

    async def take(self, count: int, seconds: float = 5.0) -> list[RoomMessage]:
        """The messages, once there are this many."""
        async with asyncio.timeout(seconds):
            while len(self.messages) < count:
                self._arrived.clear()
                await self._arrived.wait()
        taken, self.messages = self.messages, []
        return taken


@dataclass
class BrokerCase:
    """Two nodes of one installation."""

    broker: RoomBroker
    received: Received
    other: RoomBroker
    others_received: Received


@asynccontextmanager
async def memory_case(_request: pytest.FixtureRequest) -> AsyncIterator[BrokerCase]:
    exchange = MemoryExchange()
    here, there = Received(), Received()
    yield BrokerCase(MemoryBroker(here.receive, exchange), here, MemoryBroker(there.receive, exchange), there)


@asynccontextmanager
async def redis_case(request: pytest.FixtureRequest) -> AsyncIterator[BrokerCase]:
    valkey: Valkey = request.getfixturevalue("valkey")
    async with redis_link(valkey.url) as one, redis_link(valkey.url) as two:
        here, there = Received(), Received()
        yield BrokerCase(RedisRoomBroker(one, here.receive), here, RedisRoomBroker(two, there.receive), there)


BROKERS: dict[str, Callable[[pytest.FixtureRequest], AbstractAsyncContextManager[BrokerCase]]] = {
    "memory": memory_case,
    "redis": redis_case,
}
