"""The event log as the engine reads it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from server.db.engine import Database
from server.eventlog import log
from server.realtime.history import HistoryUnavailable, Page
from server.realtime.publication import Position

READ_SECONDS = 5.0


class LogHistory:
    """Reads the log in short transactions of its own; no session outlives a call."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, channel: str, after: int | None, *, limit: int) -> Page:
        async with self._session() as session:
            return await log.read_since(session, channel, after, limit=limit)

    async def read_back(self, channel: str, before: int, *, limit: int) -> Page:
        async with self._session() as session:
            return await log.read_before(session, channel, before, limit=limit)

    async def heads(self, channels: Sequence[str]) -> Mapping[str, Position]:
        async with self._session() as session:
            return await log.heads(session, channels)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[AsyncSession]:
        try:
            async with asyncio.timeout(READ_SECONDS), self._database.read() as session:
                yield session
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise HistoryUnavailable from error
