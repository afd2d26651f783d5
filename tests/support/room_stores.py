"""Stores of documents, with what a test does to a document besides: one class for each adapter of the port."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.engine import Database
from roomful.ids import new_id
from roomful.rooms.store.memory import MemoryStore
from roomful.rooms.store.port import Reason, Store
from roomful.roomstore.compaction import Compactor
from roomful.roomstore.sql_store import SqlStore
from tests.support.rooms import PlainHooks, SqlRooms

MAX_BYTES = 10_000


class StoreCase(Protocol):
    """A store, and the other side of it."""

    store: Store

    async def create(self) -> str:
        """A new document without rows, as REST makes it; its id."""

    async def delete(self, document_id: str) -> None: ...
    async def refuse(self, document_id: str, reason: Reason) -> None:
        """Make the store refuse updates, for "read_only" or "too_large"."""

    async def replace(self, document_id: str) -> None:
        """Give the document another history."""

    async def fold(self, document_id: str) -> None:
        """Fold all rows into the state."""


class MemoryCase:
    def __init__(self) -> None:
        self._memory = MemoryStore()
        self.store: Store = self._memory

    async def create(self) -> str:
        document_id = secrets.token_hex(8)
        self._memory.create(document_id)
        return document_id

    async def delete(self, document_id: str) -> None:
        self._memory.refuse(document_id, "deleted")

    async def refuse(self, document_id: str, reason: Reason) -> None:
        self._memory.refuse(document_id, reason)

    async def replace(self, document_id: str) -> None:
        self._memory.replace(document_id)

    async def fold(self, document_id: str) -> None:
        self._memory.fold(document_id)


class SqlCase:
    def __init__(self, database: Database) -> None:
        hooks, compactor = PlainHooks(), Compactor(database)
        self._rooms = SqlRooms(database, hooks, compactor)

        @asynccontextmanager
        async def transaction() -> AsyncIterator[AsyncSession]:
            async with database.write() as session:
                yield session
                await session.commit()

        self.store: Store = SqlStore(
            database=database,
            transaction=transaction,
            hooks=hooks,
            compactor=compactor,
            soft_bytes=MAX_BYTES // 2,
            max_bytes=MAX_BYTES,
        )

    async def create(self) -> str:
        document_id = new_id()
        await self._rooms.create(document_id)
        return document_id

    async def delete(self, document_id: str) -> None:
        await self._rooms.refuse(document_id, "deleted")

    async def refuse(self, document_id: str, reason: Reason) -> None:
        await self._rooms.refuse(document_id, reason)

    async def replace(self, document_id: str) -> None:
        await self._rooms.replace()

    async def fold(self, document_id: str) -> None:
        await self._rooms.fold(document_id)
