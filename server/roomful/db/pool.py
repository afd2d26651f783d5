"""Checks of pooled connections before they are used again."""

import time
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Dialect, ExceptionContext
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry

from roomful.db.outages import ends_connections

PING_AFTER_IDLE_SECONDS = 1.0
"""A connection that rested for longer may have been closed at the other end."""


def discard_dead_connections(engine: AsyncEngine, *, is_remote: bool) -> None:
    """Hand out no connection that is known to be dead, or that is as old as one that an outage has ended.

    Asks nothing of a connection that was used just now: `pool_pre_ping` does, before each transaction.
    """
    dialect = engine.sync_engine.dialect
    outage_at = float("-inf")

    @event.listens_for(engine.sync_engine, "handle_error")
    def end_by_outage(context: ExceptionContext) -> None:
        context.is_disconnect = context.is_disconnect or ends_connections(context.original_exception)

    @event.listens_for(engine.sync_engine, "invalidate")
    def note_outage(_connection: object, _record: ConnectionPoolEntry, reason: BaseException | None) -> None:
        nonlocal outage_at
        if ends_connections(reason):
            outage_at = time.monotonic()

    @event.listens_for(engine.sync_engine, "connect")
    def note_age(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["opened_at"] = record.info["used_at"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkin")
    def note_use(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["used_at"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def refuse_dead(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
        if record.info["opened_at"] < outage_at:
            raise DisconnectionError
        if is_remote and not _lives(dialect, connection, time.monotonic() - record.info["used_at"]):
            raise DisconnectionError


def _lives(dialect: Dialect, connection: Any, idle_seconds: float) -> bool:  # asyncpg's, which has no types
    if connection.driver_connection.is_closed():  # the loop has heard that the other end closed it
        return False
    if idle_seconds <= PING_AFTER_IDLE_SECONDS:
        return True
    try:
        return dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error:
        return False
