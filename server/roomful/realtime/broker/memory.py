"""The broker of a single process."""

from roomful.realtime.broker.port import Receive
from roomful.realtime.publication import Message, NodeMessage


class MemoryBroker:
    """Passes messages to this process's receiver, synchronously. Loses none."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    @property
    def figures(self) -> None:
        return None

    @property
    def continuity(self) -> int:
        return 0

    def publish(self, message: Message | NodeMessage) -> None:
        self._receive(message)

    async def subscribe(self, channel: str) -> bool:
        return True

    async def unsubscribe(self, channel: str) -> None:
        return None

    def is_live(self, node: str) -> bool:
        return False

    async def is_healthy(self) -> bool:
        return True
