"""Connections to the database: SQLite in one file, or PostgreSQL."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from server.db import sqlite
from server.errors import Unavailable
from server.settings import Settings, async_database_url, postgresql_dsn

SQLITE_BUSY_SECONDS = 10
PING_AFTER_IDLE_SECONDS = 1.0
"""A connection that rested for longer may have been closed at the other end."""


class Database:
    """The engine with its two kinds of session. Close it when done.

    `write()` sessions may change rows: on SQLite their transaction begins IMMEDIATE, since a transaction that reads
    first and writes later fails at once with "database is locked" however long it would be willing to wait. `read()`
    sessions see one consistent state from their first query to their last and never wait for a writer.
    """

    def __init__(self, settings: Settings) -> None:
        url = async_database_url(settings.database_url)
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(settings) if self.is_sqlite else _postgresql_engine(settings)
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
        if self._writer is None:
            async with self._write_sessions() as session:
                yield session
            return
        async with _turn(self._writer):
            async with self._write_sessions() as session:
                yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        async with self._read_sessions() as session:
            yield session

    @asynccontextmanager
    async def ask(self) -> AsyncIterator[AsyncSession]:
        """A session for one query: no transaction is begun and ended for it, which would cost more than the query."""
        async with self._ask_sessions() as session:
            yield session

    @property
    def is_exhausted(self) -> bool:
        """Whether every connection that the pool may have is in use."""
        pool = self.engine.pool
        return isinstance(pool, QueuePool) and pool.checkedout() >= self._max_connections

    async def close(self) -> None:
        await self.engine.dispose()


@asynccontextmanager
async def _turn(writer: asyncio.Lock) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(SQLITE_BUSY_SECONDS):
            await writer.acquire()
    except TimeoutError:
        raise Unavailable("Others are writing; try again soon.") from None
    try:
        yield
    finally:
        writer.release()


def _postgresql_engine(settings: Settings) -> AsyncEngine:
    milliseconds = str(int(settings.database_statement_timeout * 1000))
    engine = create_async_engine(
        "postgresql+asyncpg://",
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_pool_overflow,
        pool_timeout=settings.database_pool_timeout,
        connect_args={
            # Read by the driver itself, which knows what libpq's URLs may say: sslmode, socket directories, services.
            "dsn": postgresql_dsn(settings.database_url),
            "timeout": 5,
            "server_settings": {
                "application_name": "roomful",
                "statement_timeout": milliseconds,
                "idle_in_transaction_session_timeout": milliseconds,
                "lock_timeout": milliseconds,
                "jit": "off",
            },
        },
    )

    @event.listens_for(engine.sync_engine, "checkin")
    def note_use(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["used_at"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def ping_after_idling(connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        """As `pool_pre_ping`, which asks before each transaction, also of a connection that was used just now."""
        idle_seconds = time.monotonic() - record.info.get("used_at", time.monotonic())
        if idle_seconds > PING_AFTER_IDLE_SECONDS and not _answers(engine.sync_engine.dialect, connection):
            raise DisconnectionError

    @event.listens_for(engine.sync_engine, "do_connect")
    def connect(dialect: Dialect, _record: Any, arguments: Any, keywords: Any) -> Any:
        try:
            return dialect.connect(*arguments, **keywords)
        except OSError as error:  # a refused connection, no such socket, too late: the driver hands them on bare
            raise OperationalError("connect", None, error, connection_invalidated=True) from error

    return engine


def _answers(dialect: Dialect, connection: Any) -> bool:
    try:
        return dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error:
        return False


def _sqlite_engine(settings: Settings) -> AsyncEngine:
    url = async_database_url(settings.database_url)

    async def connect() -> sqlite.Connection:
        # The driver begins no transaction of its own: ours begins IMMEDIATE, and SAVEPOINT means what it says.
        return await sqlite.connect(url.database or "", busy_seconds=SQLITE_BUSY_SECONDS)

    engine = create_async_engine(
        url,
        async_creator=connect,
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_pool_overflow,
        pool_timeout=settings.database_pool_timeout,
    )

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        how = connection.get_execution_options().get("roomful_begin", "BEGIN IMMEDIATE")
        if how is not None:
            driver: Any = connection.connection.driver_connection  # a sqlite.Connection
            driver.begin(how)

    return engine
