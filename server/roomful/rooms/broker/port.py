"""The broker port: how the rooms of one document on several nodes hear of each other."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RowStored:
    """A row was committed. An empty `update` was too big to send: read it from the store."""

    document_id: str
    generation: str
    number: int
    update: bytes


@dataclass(frozen=True, slots=True)
class AwarenessChanged:
    """States of the sender's clients, as a y-protocols awareness update. `node` is the sender's name."""

    document_id: str
    node: str
    states: bytes


@dataclass(frozen=True, slots=True)
class AwarenessQuery:
    """A node has opened the document, and asks for the states of the others' clients."""

    document_id: str


RoomMessage = RowStored | AwarenessChanged | AwarenessQuery

Receive = Callable[[RoomMessage], None]
"""Takes a message of another node. Synchronous: the order of calls is the order of arrival."""


class RoomBroker(Protocol):
    """Carries messages to the other nodes that have subscribed to their document; never back to the sender.

    It may lose, repeat and reorder messages: rows are repaired from the store, states by their renewals.
    """

    def publish(self, message: RoomMessage) -> None:
        """Send a message to the other nodes. Never waits, never raises; a full queue drops and counts the oldest."""

    async def subscribe(self, document_id: str) -> bool:
        """Ask for a document's messages. Idempotent. False: not confirmed yet, the adapter goes on trying."""

    async def unsubscribe(self, document_id: str) -> None:
        """End what `subscribe` began. Idempotent."""

    @property
    def continuity(self) -> int | None:
        """Stays the same number while no message is known to be lost; None while none arrive from other nodes."""
