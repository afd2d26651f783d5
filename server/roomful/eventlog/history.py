"""The event log as the engine reads it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.engine import Database
from roomful.db.outages import outage
from roomful.eventlog import epochs, log
from roomful.realtime.history.port import HistoryUnavailable, Page
from roomful.realtime.publication import Position

logger = logging.getLogger(__name__)

READ_SECONDS = 5.0


class LogHistory:
    """Reads the log in short transactions of its own; no session outlives a call."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, channel: str, after: int | None, *, limit: int) -> Page:
        async with self._session() as session:
            return await log.read_since(session, channel, after, limit=limit)

    async def read_back(self, channel: str, before: int | None, *, limit: int) -> Page:
        async with self._session() as session:
            return await log.read_before(session, channel, before, limit=limit)

    async def heads(self, channels: Sequence[str]) -> Mapping[str, Position]:
        async with self._session() as session:
            return await log.heads(session, channels)

    async def renew_if_lost(self, channel: str, delivered: Position, data: bytes | None) -> None:
        async with _in_time(), self._database.write() as session:
            if not await epochs.renew_if_lost(session, channel, delivered, data):
                return
            await session.commit()
        logger.error(
            "the database was rolled back behind what subscribers have: if it was restored, run `roomful db restored`",
            extra={"channel": channel, "delivered": delivered.offset},
        )

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[AsyncSession]:
        async with _in_time(), self._database.read() as session:
            yield session


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(READ_SECONDS):
            yield
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise HistoryUnavailable(outage(error) or type(error).__name__) from error
