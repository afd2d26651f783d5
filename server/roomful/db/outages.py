"""Outages of the database, as opposed to bugs in what we ask of it."""

import sqlite3

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

CONNECTING = "connect"
"""Stands in place of the statement, in an error from before there was a connection."""

NO_CONNECTION = "no connection"
POOL_EMPTY = "every connection is in use"
READ_ONLY = "read-only"
DISK_FULL = "disk full"
TOO_MANY = "too many connections"
STOPPED = "stopped or restarting"
TOO_SLOW = "too slow"
LOCKED = "locked by others"
GIVEN_UP = "given up for another transaction"
DAMAGED = "damaged or unreadable"
NO_RESOURCES = "out of resources"
REFUSED = "signing in refused"

# https://www.postgresql.org/docs/current/errcodes-appendix.html: whole states before their classes.
_POSTGRESQL = {
    "25006": READ_ONLY,  # after a failover, or a full disk at a provider
    "25P03": TOO_SLOW,  # a transaction that lay idle
    "25P04": TOO_SLOW,
    "53100": DISK_FULL,
    "53300": TOO_MANY,
    "55P03": LOCKED,
    "57014": TOO_SLOW,  # the statement timeout
    "XX001": DAMAGED,
    "XX002": DAMAGED,
    "08": NO_CONNECTION,  # a pooler's own errors too
    "28": REFUSED,
    "3D": REFUSED,
    "40": GIVEN_UP,
    "53": NO_RESOURCES,
    "57": STOPPED,
    "58": DAMAGED,
}
_SQLITE = {
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_PROTOCOL: LOCKED,
    sqlite3.SQLITE_INTERRUPT: TOO_SLOW,
    sqlite3.SQLITE_NOMEM: NO_RESOURCES,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_FULL: DISK_FULL,
    sqlite3.SQLITE_IOERR: DAMAGED,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_CANTOPEN: NO_CONNECTION,
}
_END_CONNECTIONS = (NO_CONNECTION, READ_ONLY, STOPPED, DAMAGED)
_GIVEN_UP_STATES = ("40001", "40P01")  # serialization failure, deadlock


def outage(error: BaseException) -> str | None:
    """Why the database could not do its work now, where a later try may find it able; None for any other error."""
    if isinstance(error, PoolTimeout):
        return POOL_EMPTY
    if not isinstance(error, DBAPIError):
        return None
    kind = _kind(error.orig)
    return NO_CONNECTION if kind is None and error.connection_invalidated else kind


def is_outage(error: BaseException) -> bool:
    return outage(error) is not None


def ends_connections(error: BaseException | None) -> bool:
    """Whether a driver's error says that this connection, and those as old, lead to a database that serves no more.

    After a failover they lead to the one that is read-only now; a new connection may find the other.
    """
    return _kind(error) in _END_CONNECTIONS


def is_given_up(error: DBAPIError) -> bool:
    """Whether PostgreSQL has rolled the transaction back for the sake of another one: nothing of it has happened."""
    return _state(error.orig) in _GIVEN_UP_STATES


def is_lost_before_commit(error: DBAPIError) -> bool:
    """Whether a connection was found dead by a statement: nothing of its transaction has happened.

    A commit has no statement here: of one that was lost, nobody knows whether it happened.
    """
    return error.connection_invalidated and error.statement not in (None, CONNECTING)


def _kind(error: BaseException | None) -> str | None:
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)  # which errors of the driver's own lack
        return None if code is None else _SQLITE.get(code & 0xFF)  # the low byte; the rest is the extended code
    state = _state(error)
    return _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2])


def _state(error: BaseException | None) -> str:
    return str(getattr(error, "sqlstate", None) or "")
