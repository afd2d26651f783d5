"""The rooms of one process, given the documents of this application."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from roomful.documents.store import open_store
from roomful.gateway.documents.open_documents import OpenDocuments
from roomful.gateway.documents.policy import DocumentPolicy, DocumentSocket
from roomful.gateway.documents.revocation import DocumentRevocation
from roomful.realtime.node.node import Node
from roomful.rooms import RoomLimits, Rooms
from roomful.rooms.broker.memory import open_memory_broker
from roomful.rooms.registry import OpenBroker
from roomful.roomstore.append import StoredRow
from roomful.runtime import Runtime
from roomful.settings import Settings


@dataclass(frozen=True, slots=True)
class DocumentRooms:
    """Shared by the document sockets of this process."""

    node: Node
    rooms: Rooms
    policy: DocumentPolicy
    opened: OpenDocuments

    def socket(self, on_signed_in: Callable[[], None]) -> DocumentSocket:
        return DocumentSocket(self.node, self.rooms, self.policy, on_signed_in=on_signed_in)


@asynccontextmanager
async def open_document_rooms(runtime: Runtime, node: Node) -> AsyncIterator[DocumentRooms]:
    """Serve documents. At the end, store and acknowledge gathered updates, and close every socket."""
    rooms = Rooms(open_store(runtime), _open_broker(runtime), node=node.name, limits=room_limits(runtime.settings))
    async with rooms:
        opened = OpenDocuments(node.hub, rooms)
        policy = DocumentPolicy(runtime, node.policy, opened)
        node.hub.observe(DocumentRevocation(rooms, opened, policy, runtime.task_scope).observe)
        runtime.loops.run("open documents", opened.run())

        def tell_rooms(row: StoredRow) -> None:
            rooms.note_stored(row.room_id, row.head.generation, row.head.number, row.update)

        runtime.row_observers.append(tell_rooms)
        try:
            yield DocumentRooms(node, rooms, policy, opened)
        finally:
            runtime.row_observers.remove(tell_rooms)


def room_limits(settings: Settings) -> RoomLimits:
    return RoomLimits(
        document_bytes=settings.max_document_bytes,
        soft_document_bytes=settings.max_document_bytes // 2,
        connections_per_document=settings.max_connections_per_document or sys.maxsize,
        ping_seconds=settings.ping_interval,
        pong_seconds=settings.pong_timeout,
        # The rest of the grace period is for clients that answer a close slowly.
        shutdown_seconds=settings.shutdown_grace / 4,
        drain_seconds=settings.shutdown_grace / 2,
    )


def _open_broker(runtime: Runtime) -> OpenBroker:
    if runtime.link is None:
        return open_memory_broker
    from roomful.rooms.broker.redis import redis_room_broker

    return redis_room_broker(runtime.link)
