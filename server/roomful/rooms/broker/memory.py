"""The broker of nodes that live in one process: a single node, or several in a test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from roomful.rooms.broker.port import Receive, RoomMessage


class MemoryExchange:
    """The brokers that reach each other within one process."""

    def __init__(self) -> None:
        self.brokers: list[MemoryBroker] = []


class MemoryBroker:
    """Hands messages on in the next turn of the loop. Without an exchange it is the only node."""

    def __init__(self, receive: Receive, exchange: MemoryExchange | None = None) -> None:
        self._receive = receive
        self._exchange = exchange or MemoryExchange()
        self._exchange.brokers.append(self)
        self._documents: set[str] = set()

    def publish(self, message: RoomMessage) -> None:
        others = [other for other in self._exchange.brokers if other is not self]
        if others:
            loop = asyncio.get_running_loop()
            for other in others:
                loop.call_soon(other.deliver, message)

    def deliver(self, message: RoomMessage) -> None:
        """Receive a message of another node, if its document is subscribed to."""
        if message.document_id in self._documents:
            self._receive(message)

    async def subscribe(self, document_id: str) -> bool:
        self._documents.add(document_id)
        return True

    async def unsubscribe(self, document_id: str) -> None:
        self._documents.discard(document_id)

    @property
    def continuity(self) -> int | None:
        return 0

    def leave(self) -> None:
        """Neither send nor receive any more."""
        self._documents.clear()
        if self in self._exchange.brokers:
            self._exchange.brokers.remove(self)


@asynccontextmanager
async def open_memory_broker(receive: Receive, exchange: MemoryExchange | None = None) -> AsyncIterator[MemoryBroker]:
    """Open the broker of a single node, for `Rooms`."""
    broker = MemoryBroker(receive, exchange)
    try:
        yield broker
    finally:
        broker.leave()
