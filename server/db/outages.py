"""Outages of the database, as opposed to bugs in what we ask of it."""

import sqlite3

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# Classes of https://www.postgresql.org/docs/current/errcodes-appendix.html: connection, sign-in, no such database,
# serialization or deadlock, resources, intervention by the operator (57014 is the statement timeout), system error.
_POSTGRESQL_CLASSES = ("08", "28", "3D", "40", "53", "57", "58")
_POSTGRESQL_STATES = ("55P03", "25P03", "25P04")  # lock_timeout, idle and whole transaction timeouts
_GIVEN_UP_STATES = ("40001", "40P01")  # serialization failure, deadlock
_SQLITE_CODES = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
)


def is_outage(error: BaseException) -> bool:
    """Whether the database could not do its work now, for a reason that a later try may not meet."""
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        return error.orig.sqlite_errorcode & 0xFF in _SQLITE_CODES  # the low byte; the rest is the extended code
    state = _state(error)
    return state.startswith(_POSTGRESQL_CLASSES) or state in _POSTGRESQL_STATES


def is_given_up(error: DBAPIError) -> bool:
    """Whether PostgreSQL has rolled the transaction back for the sake of another one: nothing of it has happened."""
    return _state(error) in _GIVEN_UP_STATES


def _state(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")
