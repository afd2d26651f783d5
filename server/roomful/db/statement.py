"""SQL that is compiled once, then carried out by the driver itself.

Four places use it, each with its measured reason (docs/decisions/0028, 0037). Everything else is SQLAlchemy Core:
`await session.execute(statement, parameters)`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection, Delete, Dialect, Insert, SelectBase, Update
from sqlalchemy.engine.interfaces import DBAPIModule
from sqlalchemy.exc import DBAPIError, MultipleResultsFound
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction

from roomful.db import sqlite
from roomful.db.outages import ends_connections

Processor = Callable[[object], object]
"""Turns a value of Python into one of the driver, or back. SQLAlchemy's types make them."""

R = TypeVar("R", bound=NamedTuple)
Sql = SelectBase | Insert | Update | Delete

Change = tuple[Insert | Update | Delete, Mapping[str, object]]
"""A statement that returns no rows, made once for the module, with its parameters as `session.execute` takes them."""

_IN_USE = "roomful_connection_in_use"


class _Driver(Protocol):
    """A connection of asyncpg, or of `db/sqlite.py`."""

    async def fetch(self, sql: str, /, *values: object) -> Sequence[Sequence[object]]: ...


class Query(Generic[R]):
    """A query whose rows are `row`s: a NamedTuple with the statement's columns, in order.

    It runs in the session's transaction. Every parameter is given by name. Flush ORM objects first.
    """

    def __init__(self, statement: Sql, row: type[R]) -> None:
        names = tuple(str(column.key) for column in statement.exported_columns)
        if names != row._fields:
            raise TypeError(f"{row.__name__} has the fields {row._fields}, its query the columns {names}")
        self._statement = statement
        self._row = row

    async def one_or_none(self, session: AsyncSession, parameters: Mapping[str, object]) -> R | None:
        """The row it finds, or None. Raises DBAPIError, and MultipleResultsFound for more than one row."""
        rows = await _fetch(session, self._statement, parameters)
        if len(rows) > 1:
            raise MultipleResultsFound
        return self._row._make(rows[0]) if rows else None


async def carry_out(session: AsyncSession, changes: Sequence[Change]) -> None:
    """Carry out several changes in one trip to the database.

    No two may touch the same row, and none may build on another: PostgreSQL carries them out as one statement, in no
    order, and checks foreign keys at its end. Raises DBAPIError, on SQLite perhaps only with the next statement or the
    commit.
    """
    connection = _connection_in_use(session)
    if connection is None:
        await _one_by_one(session, changes)
        return
    driver = _driver_of(connection)
    if isinstance(driver, sqlite.Connection):
        if session.in_nested_transaction():  # a savepoint must fail before its RELEASE
            await _one_by_one(session, changes)
            return
        for statement, parameters in changes:
            compiled = _compiled(statement, connection.dialect, parameters)
            driver.post(compiled.text, *compiled.values(parameters))
        return
    texts: list[tuple[str, int]] = []
    values: list[object] = []
    for statement, parameters in changes:
        compiled = _compiled(statement, connection.dialect, parameters)
        texts.append((compiled.text, len(compiled.parameters)))
        values += compiled.values(parameters)
    text = _as_one(tuple(texts))
    with _errors_as_by_session(connection, text):
        await driver.fetch(text, *values)


async def _one_by_one(session: AsyncSession, changes: Sequence[Change]) -> None:
    for statement, parameters in changes:
        await _fetch(session, statement, parameters)


async def _fetch(session: AsyncSession, statement: Sql, parameters: Mapping[str, object]) -> Sequence[Sequence[object]]:
    connection = _connection_in_use(session)
    if connection is None:
        return await session.run_sync(_run_first, statement, parameters)
    compiled = _compiled(statement, connection.dialect, parameters)
    with _errors_as_by_session(connection, compiled.text):
        return compiled.rows(await _driver_of(connection).fetch(compiled.text, *compiled.values(parameters)))


def _run_first(session: Session, statement: Sql, parameters: Mapping[str, object]) -> Sequence[Sequence[object]]:
    """Run it by way of the DB-API, where a transaction or savepoint begins with its first statement."""
    connection = session.connection()
    session.info[_IN_USE] = (_innermost(session), connection)
    compiled = _compiled(statement, connection.dialect, parameters)
    with _errors_as_by_session(connection, compiled.text):
        cursor = connection.connection.cursor()
        cursor.execute(compiled.text, compiled.values(parameters))
        rows = cursor.fetchall() if compiled.columns else []
        cursor.close()
    return compiled.rows(rows)


_PARAMETER = re.compile(r"\$(\d+)")


@lru_cache
def _as_one(texts: tuple[tuple[str, int], ...]) -> str:
    """One statement of PostgreSQL that does what these do. Each comes with the number of its parameters."""
    parts, before = [], 0
    for text, count in texts:
        parts.append(_PARAMETER.sub(lambda number, before=before: f"${int(number[1]) + before}", text))  # type: ignore[misc]
        before += count
    *others, last = parts
    along = ", ".join(f"change_{number} AS ({part})" for number, part in enumerate(others, 1))
    return f"WITH {along} {last}" if along else last


def _connection_in_use(session: AsyncSession) -> Connection | None:
    """The connection on which this module has begun the session's present transaction, or savepoint."""
    begun: tuple[object, Connection] | None = session.info.get(_IN_USE)
    return begun[1] if begun is not None and begun[0] is _innermost(session.sync_session) else None


def _driver_of(connection: Connection) -> _Driver:
    driver: _Driver | None = connection.connection.driver_connection
    assert driver is not None  # only a detached connection has none
    return driver


def _innermost(session: Session) -> SessionTransaction | None:
    return session.get_nested_transaction() or session.get_transaction()


@contextmanager
def _errors_as_by_session(connection: Connection, text: str) -> Iterator[None]:
    """Raise the driver's errors as a session does, and use a lost connection no more.

    A connection is lost, too, when its user is cancelled: nobody knows how far the statement or transaction has come.
    """
    try:
        yield
    except Exception as error:
        translated = _translated(connection, error)
        if translated is None:
            raise
        dialect, adapted = connection.dialect, connection.connection.dbapi_connection
        is_lost = dialect.is_disconnect(translated, adapted, None) or ends_connections(translated)
        if is_lost:
            connection.invalidate(translated)
        raise DBAPIError.instance(
            text, None, translated, dialect.loaded_dbapi.Error, connection_invalidated=is_lost, dialect=dialect
        ) from error
    except BaseException as error:
        connection.invalidate(error)
        raise


def _translated(connection: Connection, error: Exception) -> DBAPIModule.Error | None:
    """The driver's error as one of the DB-API; None if it isn't an error of the database."""
    try:
        # Every asyncio dialect has it. It never returns: it raises what it doesn't translate again.
        connection.connection.dbapi_connection._handle_exception(error)  # type: ignore[union-attr]
    except connection.dialect.loaded_dbapi.Error as translated:
        return translated
    except Exception as raised:
        if raised is not error:
            raise
    return None


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as one kind of database takes it."""

    text: str
    parameters: Sequence[tuple[str, Processor | None]]
    constants: Mapping[str, object]
    columns: Sequence[Processor | None]

    def values(self, parameters: Mapping[str, object]) -> tuple[object, ...]:
        given = {**self.constants, **parameters} if self.constants else parameters
        return tuple([given[name] if process is None else process(given[name]) for name, process in self.parameters])

    def rows(self, found: Sequence[Sequence[object]]) -> Sequence[Sequence[object]]:
        columns = self.columns
        return [
            [value if process is None else process(value) for value, process in zip(row, columns, strict=True)]
            for row in found
        ]


def _compiled(statement: Sql, dialect: Dialect, parameters: Mapping[str, object]) -> _Compiled:
    return _compile(statement, dialect, tuple(parameters))


@lru_cache(maxsize=512)  # more than there are statements, with the sets of columns that they are given
def _compile(statement: Sql, dialect: Dialect, names: tuple[str, ...]) -> _Compiled:
    """Compile a statement. An INSERT or UPDATE also writes the parameters that name columns, as in a session."""
    compiled = statement.compile(dialect=dialect, column_keys=names)
    if compiled.prefetch:
        raise TypeError(f"lacks values that a session would make: {compiled.prefetch}")
    binds = compiled.binds
    return _Compiled(
        text=str(compiled),
        parameters=[
            (name, binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in compiled.positiontup or ()
        ],
        # Constants of the statement, such as the 1 of `head + 1`.
        constants={name: bind.value for name, bind in binds.items() if bind.value is not None},
        columns=[
            column.type.dialect_impl(dialect).result_processor(dialect, None) for column in statement.exported_columns
        ],
    )
