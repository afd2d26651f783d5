"""The store of rooms in SQL."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.engine import Database
from roomful.db.outages import outage
from roomful.errors import Unavailable
from roomful.rooms.store.port import Head, Loaded, Refused, StoreUnavailable
from roomful.roomstore import content
from roomful.roomstore.append import LockedRoom, StoredRow, append_row, take_appended
from roomful.roomstore.compaction import Compactor
from roomful.roomstore.fold import CantFold

logger = logging.getLogger(__name__)

READ_SECONDS = 10.0
APPEND_SECONDS = 10.0

Transaction = Callable[[], AbstractAsyncContextManager[AsyncSession]]
"""Makes a write transaction that commits at the end of its block."""


class Hooks(Protocol):
    """Additions of the documents feature to an append, in its transaction."""

    async def lock(self, session: AsyncSession, room_id: str) -> LockedRoom:
        """Lock the room's row until the transaction ends.

        Raises UnknownDocument, and Refused for a document that takes no change now.
        """

    async def appended(self, session: AsyncSession, row: StoredRow) -> None:
        """A row was written; the room's row is locked."""


class SqlStore:
    """Keeps rooms in the database: the `Store` of the rooms.

    An append is one transaction, hooks included; it returns after the commit. Before an update is refused as too large,
    the document is folded: its rows take more space than the state.
    """

    def __init__(
        self,
        *,
        database: Database,
        transaction: Transaction,
        hooks: Hooks,
        compactor: Compactor,
        soft_bytes: int,
        max_bytes: int,
    ) -> None:
        self._database = database
        self._transaction = transaction
        self._hooks = hooks
        self._compactor = compactor
        self._soft_bytes = soft_bytes
        self._max_bytes = max_bytes

    async def load(self, document_id: str) -> Loaded:
        async with self._reading() as session:
            stored = await content.read(session, document_id)
        return Loaded(head=stored.head, state=stored.state, rows=stored.rows)

    async def read_since(self, document_id: str, head: Head) -> Loaded:
        async with self._reading() as session:
            return await content.read_since(session, document_id, head)

    async def heads(self, document_ids: Sequence[str]) -> Mapping[str, Head]:
        async with self._reading() as session:
            return await content.heads(session, document_ids)

    async def append(self, document_id: str, generation: str, update: bytes, user_ids: Sequence[str]) -> Head:
        try:
            row = await self._append(document_id, generation, update, user_ids)
        except Refused as refused:
            if refused.reason != "too_large" or not await self._fold(document_id):
                raise
            row = await self._append(document_id, generation, update, user_ids)
        self._compactor.note(row)
        if row.bytes - len(update) <= self._soft_bytes < row.bytes:
            logger.warning("a document is above its soft limit", extra={"document": document_id})
        return row.head

    async def _append(self, document_id: str, generation: str, update: bytes, user_ids: Sequence[str]) -> StoredRow:
        async with _in_time(APPEND_SECONDS), self._transaction() as session:
            row = await append_row(
                session,
                document_id,
                update,
                user_ids,
                generation=generation,
                max_bytes=self._max_bytes,
                locking=self._hooks.lock,
            )
            await self._hooks.appended(session, row)
            take_appended(session)  # the room that appends it tells the others
        return row

    async def _fold(self, document_id: str) -> bool:
        try:
            async with _unavailable():
                return await self._compactor.compact(document_id)
        except CantFold:
            return False

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncSession]:
        async with _in_time(READ_SECONDS), self._database.read() as session:
            yield session


@asynccontextmanager
async def _in_time(seconds: float) -> AsyncIterator[None]:
    async with _unavailable(), asyncio.timeout(seconds):
        yield


@asynccontextmanager
async def _unavailable() -> AsyncIterator[None]:
    """Raise every outage as StoreUnavailable."""
    try:
        yield
    except SQLAlchemyError as error:
        if (reason := outage(error)) is None:
            raise  # a bug, not an outage
        raise StoreUnavailable(reason) from error
    except (OSError, TimeoutError, Unavailable) as error:
        raise StoreUnavailable(type(error).__name__) from error
