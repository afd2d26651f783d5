"""Connections to the database: SQLite in one file, or PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import QueuePool

from roomful.db import sqlite
from roomful.db.outages import outage
from roomful.db.pool import discard_dead_connections
from roomful.db.postgresql import PostgreSQL
from roomful.db.writability import Writability
from roomful.errors import Unavailable
from roomful.service_urls import async_database_url
from roomful.settings import Settings

SQLITE_BUSY_SECONDS = 10


class Database:
    """The engine with its two kinds of session. Close it when done.

    `write()` sessions may change rows: on SQLite their transaction begins IMMEDIATE, since a transaction that reads
    first and writes later fails at once with "database is locked" however long it would be willing to wait. `read()`
    sessions see one consistent state from their first query to their last and never wait for a writer.
    """

    def __init__(self, settings: Settings) -> None:
        url = async_database_url(settings.database_url)
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._postgresql = None if self.is_sqlite else PostgreSQL(settings)
        self.engine = _sqlite_engine(settings) if self._postgresql is None else self._postgresql.engine
        self.writability = Writability()
        # One SQLite writer at a time anyway: waiting here, in order of arrival, wastes no thread and starves nobody.
        self._writer = asyncio.Lock() if self.is_sqlite else None
        self._max_connections = settings.database_pool_size + settings.database_pool_overflow
        reading = (
            self.engine.execution_options(roomful_begin="BEGIN")
            if self.is_sqlite
            else self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        )
        self._write_sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._read_sessions = async_sessionmaker(reading, expire_on_commit=False)
        asking = (
            self.engine.execution_options(roomful_begin=None)
            if self.is_sqlite
            else self.engine.execution_options(isolation_level="AUTOCOMMIT")
        )
        self._ask_sessions = async_sessionmaker(asking, expire_on_commit=False)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A session whose transaction is the caller's to commit; leaving the block rolls back what was not.

        Raises Unavailable when other writers keep SQLite for longer than 10 s.
        """
        async with _turn(self._writer), self._write_sessions() as session:
            try:
                yield session
            except DBAPIError as error:
                self.writability.note_failure(outage(error))
                raise

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        async with self._read_sessions() as session:
            yield session

    @asynccontextmanager
    async def ask(self) -> AsyncIterator[AsyncSession]:
        """A session for one query: no transaction is begun and ended for it, which would cost more than the query.

        Through a pooler it has one: without, the parts of a query may go to different servers.
        """
        is_pooled = self._postgresql is not None and self._postgresql.is_pooled
        async with (self._read_sessions if is_pooled else self._ask_sessions)() as session:
            yield session

    @property
    def is_exhausted(self) -> bool:
        """Whether every connection that the pool may have is in use."""
        pool = self.engine.pool
        return isinstance(pool, QueuePool) and pool.checkedout() >= self._max_connections

    async def close(self) -> None:
        await self.engine.dispose()


@asynccontextmanager
async def _turn(writer: asyncio.Lock | None) -> AsyncIterator[None]:
    if writer is None:
        yield
        return
    try:
        async with asyncio.timeout(SQLITE_BUSY_SECONDS):
            await writer.acquire()
    except TimeoutError:
        raise Unavailable("Others are writing; try again soon.") from None
    try:
        yield
    finally:
        writer.release()


def _sqlite_engine(settings: Settings) -> AsyncEngine:
    url = async_database_url(settings.database_url)

    was_there = False

    async def connect() -> sqlite.Connection:
        nonlocal was_there
        # The driver begins no transaction of its own: ours begins IMMEDIATE, and SAVEPOINT means what it says.
        connection = await sqlite.connect(url.database or "", busy_seconds=SQLITE_BUSY_SECONDS, may_make=not was_there)
        was_there = True  # from now on its absence is an outage, and no reason to begin with an empty one
        return connection

    engine = create_async_engine(
        url,
        async_creator=connect,
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_pool_overflow,
        pool_timeout=settings.database_pool_timeout,
    )

    discard_dead_connections(engine, is_remote=False)

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        how = connection.get_execution_options().get("roomful_begin", "BEGIN IMMEDIATE")
        if how is not None:
            driver: Any = connection.connection.driver_connection  # a sqlite.Connection
            driver.begin(how)

    return engine
