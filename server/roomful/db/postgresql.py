"""The engine for PostgreSQL, reached directly or through a pooler such as PgBouncer."""

import asyncio
import logging
from collections.abc import Mapping

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import await_only

from roomful.db.outages import CONNECTING
from roomful.db.pool import discard_dead_connections
from roomful.service_urls import postgresql_dsn
from roomful.settings import Settings

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 5

Keywords = dict[str, object]
"""The arguments of asyncpg's `connect`."""

_DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class PostgreSQL:
    """The engine, and whether a pooler stands between; that is found out by the first connection.

    A pooler may give each transaction another connection to the server. So nothing that stays with a connection is
    relied on then: limits are set in each transaction, along with its BEGIN, and prepared statements have no name.
    """

    def __init__(self, settings: Settings) -> None:
        self.is_pooled = False
        milliseconds = int(settings.database_statement_timeout * 1000)
        limits = {
            "statement_timeout": str(milliseconds),
            "idle_in_transaction_session_timeout": str(milliseconds),
            "lock_timeout": str(milliseconds),
            "jit": "off",
        }
        name = {"application_name": "roomful"}
        self._direct: Keywords = {"server_settings": {**name, **limits}}
        self._pooled: Keywords = {
            "server_settings": name,
            "connection_class": _with_limits(limits),
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": str,  # always ""
        }
        self.engine = self._make_engine(settings)

    def _make_engine(self, settings: Settings) -> AsyncEngine:
        engine = create_async_engine(
            "postgresql+asyncpg://",
            pool_size=settings.database_pool_size,
            max_overflow=settings.database_pool_overflow,
            pool_timeout=settings.database_pool_timeout,
            connect_args={
                # Read by the driver itself, which knows what libpq's URLs may say: sslmode, socket directories, …
                "dsn": postgresql_dsn(settings.database_url),
                "timeout": CONNECT_SECONDS,
            },
        )
        discard_dead_connections(engine, is_remote=True)
        # To close one that is dead already, or whose server hangs, is no error: it is given 2 s, then it is cut.
        dialect = engine.sync_engine.dialect
        dialect.do_close = dialect.do_terminate  # type: ignore[method-assign]

        @event.listens_for(engine.sync_engine, "do_connect")
        def connect(dialect: Dialect, _record: object, _arguments: object, keywords: Keywords) -> DBAPIConnection:
            try:
                return self._connect(dialect, keywords)
            # Every failure to connect is an outage: it passes, or the operator mends it. The driver does not wrap those
            # of the system, such as a refused connection or a timeout.
            except (OSError, dialect.loaded_dbapi.Error, *_DRIVER_ERRORS) as error:
                raise OperationalError(CONNECTING, None, error, connection_invalidated=True) from error

        return engine

    def _connect(self, dialect: Dialect, keywords: Keywords) -> DBAPIConnection:
        if not self.is_pooled:
            connection = self._connect_directly(dialect, keywords)
            if connection is not None:
                return connection
            self.is_pooled = True
            logger.info("the database is reached through a pooler: statements are not kept prepared")
        return dialect.connect(**keywords, **self._pooled)

    def _connect_directly(self, dialect: Dialect, keywords: Keywords) -> DBAPIConnection | None:
        """A connection to the server itself; None when it is a pooler that answers."""
        try:
            connection = dialect.connect(**keywords, **self._direct)
        except dialect.loaded_dbapi.Error as error:
            if "startup parameter" in str(error):  # PgBouncer's "unsupported startup parameter: …"
                return None
            raise
        driver = dialect.get_driver_connection(connection)
        is_direct = False
        try:
            is_direct = not await_only(_is_pooled(driver))
        finally:
            if not is_direct:  # or cancelled on the way
                driver.terminate()
        return connection if is_direct else None


async def _is_pooled(connection: asyncpg.Connection) -> bool:
    """Whether another process answers than the one that has greeted: a pooler makes up its greeting's process id."""
    async with asyncio.timeout(CONNECT_SECONDS):
        # Not `async with`: a cancellation here ends the connection, and nothing is rolled back on it.
        transaction = connection.transaction()
        await transaction.start()
        statement = await connection.prepare("SELECT pg_backend_pid()", name="")  # a name would stay with the server
        process_id = await statement.fetchval()
        await transaction.rollback()
    return bool(process_id != connection.get_server_pid())


def _with_limits(limits: Mapping[str, str]) -> type[asyncpg.Connection]:
    """A class of driver connections whose transactions begin with these settings, in one trip."""
    along = "".join(f" SET LOCAL {name} = {value};" for name, value in limits.items())

    class LimitedConnection(asyncpg.Connection):  # type: ignore[misc]  # the driver has no types
        async def execute(self, query: str, *arguments: object, timeout: float | None = None) -> str:
            if query.startswith("BEGIN"):
                query += along
            status: str = await super().execute(query, *arguments, timeout=timeout)
            return status

    return LimitedConnection
