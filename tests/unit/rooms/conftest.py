"""Rooms on adapters in memory, with short times."""

from collections.abc import AsyncIterator

import pytest

from roomful.rooms import RoomLimits, Rooms
from roomful.rooms.broker.memory import open_memory_broker
from roomful.rooms.store.memory import MemoryStore
from tests.support.typists import FaultyStore, TokenPolicy

LIMITS = RoomLimits(gather_seconds=0.01, retry_seconds=0.01)


@pytest.fixture
def policy() -> TokenPolicy:
    return TokenPolicy()


@pytest.fixture
def memory() -> MemoryStore:
    memory = MemoryStore()
    memory.create("d1")
    return memory


@pytest.fixture
def store(memory: MemoryStore) -> FaultyStore:
    return FaultyStore(memory)


@pytest.fixture
def limits() -> RoomLimits:
    return LIMITS


@pytest.fixture
async def rooms(store: FaultyStore, limits: RoomLimits) -> AsyncIterator[Rooms]:
    async with Rooms(store, open_memory_broker, node="n1", limits=limits) as rooms:
        yield rooms
