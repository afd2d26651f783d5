"""A statement that every write runs: compiled once, then carried out by the driver itself."""

import re
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, ReturnsRows
from sqlalchemy.exc import DBAPIError, MultipleResultsFound
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.sql.compiler import SQLCompiler

from roomful.db import sqlite
from roomful.db.outages import ends_connections

Processor = Callable[[Any], Any]
K = TypeVar("K")
Change = tuple["Statement", Mapping[str, object]]
"""A statement that returns no rows, with its parameters."""

PART = 16
"""How many keys a statement that is about several asks for, always as many: so its text is always the same."""

_IN_USE = "roomful_connection_in_use"


class Statement:
    """SQL made with SQLAlchemy, run in a session's transaction without what a session does for each statement.

    That costs two to three times what the driver takes to carry it out (docs/decisions/0011). Here the text is made
    and the types are looked up once for a kind of database. Every parameter is given, by name, and the text depends on
    none. A row is a named tuple. ORM objects are not looked after: flush them first.
    """

    def __init__(self, statement: ReturnsRows) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    async def all(self, session: AsyncSession, parameters: Mapping[str, object]) -> list[Any]:
        """Its rows. Raises DBAPIError."""
        connection = _connection_in_use(session)
        if connection is None:
            return await session.run_sync(self._run_first, parameters)
        compiled = self._compiled_for(connection.dialect)
        values = compiled.values(parameters)
        driver: Any = connection.connection.driver_connection  # asyncpg's, or ours for SQLite
        with _as_by_session(connection, compiled.text):
            rows = await driver.fetch(compiled.text, *values)
        return compiled.rows(rows)

    async def send(self, session: AsyncSession, parameters: Mapping[str, object]) -> None:
        """Carry out what returns no rows. Raises DBAPIError, perhaps only with the next statement or the commit."""
        connection = _connection_in_use(session)
        driver: Any = connection.connection.driver_connection if connection is not None else None
        if connection is not None and isinstance(driver, sqlite.Connection):
            compiled = self._compiled_for(connection.dialect)
            driver.post(compiled.text, *compiled.values(parameters))
        else:
            await self.all(session, parameters)

    @staticmethod
    async def send_together(session: AsyncSession, changes: Sequence[Change]) -> None:
        """Carry out several at once, in one trip to the database. Raises as `send` does.

        They may not touch a row that another of them touches, nor build on one another: PostgreSQL carries them out as
        one statement, in no order. It checks foreign keys when all is done.
        """
        connection = _connection_in_use(session)
        driver: Any = connection.connection.driver_connection if connection is not None else None
        if connection is None or isinstance(driver, sqlite.Connection):
            for statement, parameters in changes:
                await statement.send(session, parameters)
            return
        texts: list[tuple[str, int]] = []
        values: list[object] = []
        for statement, parameters in changes:
            compiled = statement._compiled_for(connection.dialect)
            texts.append((compiled.text, len(compiled.parameters)))
            values += compiled.values(parameters)
        text = _as_one(tuple(texts))
        with _as_by_session(connection, text):
            await driver.fetch(text, *values)

    async def one_or_none(self, session: AsyncSession, parameters: Mapping[str, object]) -> Any:
        """Its only row, or None where there is none. Raises DBAPIError."""
        rows = await self.all(session, parameters)
        if len(rows) > 1:
            raise MultipleResultsFound
        return rows[0] if rows else None

    def _run_first(self, session: Session, parameters: Mapping[str, object]) -> list[Any]:
        """Run it by way of the DB-API, where a transaction or savepoint begins with its first statement."""
        connection = session.connection()
        session.info[_IN_USE] = (_innermost(session), connection)
        compiled = self._compiled_for(connection.dialect)
        values = compiled.values(parameters)
        with _as_by_session(connection, compiled.text):
            cursor = connection.connection.cursor()
            cursor.execute(compiled.text, values)
            rows = cursor.fetchall() if compiled.row is not None else []
            cursor.close()
        return compiled.rows(rows)

    def _compiled_for(self, dialect: Dialect) -> "_Compiled":
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _compile(self._statement, dialect)
        return compiled


def full_parts(keys: Sequence[K]) -> Iterator[Sequence[K]]:
    """The keys in parts of PART. What the last one lacks is filled up with its first key, which is asked for again."""
    for start in range(0, len(keys), PART):
        part = keys[start : start + PART]
        yield [*part, *[part[0]] * (PART - len(part))]


_PARAMETER = re.compile(r"\$(\d+)")


@lru_cache
def _as_one(texts: tuple[tuple[str, int], ...]) -> str:
    """PostgreSQL's statement that does what these do, their parameters in a row. Each comes with how many it has."""
    parts, before = [], 0
    for text, count in texts:
        parts.append(_PARAMETER.sub(lambda number, before=before: f"${int(number[1]) + before}", text))  # type: ignore[misc]
        before += count
    *others, last = parts
    along = ", ".join(f"change_{number} AS ({part})" for number, part in enumerate(others, 1))
    return f"WITH {along} {last}" if along else last


def _connection_in_use(session: AsyncSession) -> Connection | None:
    """The connection on which a Statement has begun the session's present transaction, or savepoint."""
    begun: tuple[object, Connection] | None = session.info.get(_IN_USE)
    return begun[1] if begun is not None and begun[0] is _innermost(session.sync_session) else None


def _innermost(session: Session) -> SessionTransaction | None:
    return session.get_nested_transaction() or session.get_transaction()


@contextmanager
def _as_by_session(connection: Connection, text: str) -> Iterator[None]:
    """What goes wrong, as a session has it: errors in SQLAlchemy's terms, and no more use of a connection that is lost.

    One whose user is cancelled counts as lost, as nobody knows how far the statement, or its transaction, has come.
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


def _translated(connection: Connection, error: Exception) -> Any:
    """The driver's error as one of the DB-API; None for what is not an error of the database."""
    try:
        # Each dialect of asyncio has it, and it never returns: what it does not translate, it raises again.
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
    row: Callable[..., Any] | None
    columns: Sequence[Processor | None]

    def values(self, parameters: Mapping[str, object]) -> tuple[Any, ...]:
        given = {**self.constants, **parameters} if self.constants else parameters
        return tuple([given[name] if process is None else process(given[name]) for name, process in self.parameters])

    def rows(self, found: Sequence[Sequence[Any]]) -> list[Any]:
        row = self.row
        if row is None:
            return []
        columns = self.columns
        return [
            row(*[value if process is None else process(value) for value, process in zip(each, columns, strict=True)])
            for each in found
        ]


def _compile(statement: ReturnsRows, dialect: Dialect) -> _Compiled:
    compiled = statement.compile(dialect=dialect)
    if not isinstance(compiled, SQLCompiler):
        raise TypeError("not a statement with parameters")
    columns = list(statement.exported_columns)
    names = [str(column.key) for column in columns]
    binds = compiled.binds
    return _Compiled(
        text=str(compiled),
        parameters=[
            (name, binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in compiled.positiontup or ()
        ],
        # What the statement says itself, such as the 1 of `head + 1`.
        constants={name: bind.value for name, bind in binds.items() if bind.value is not None},
        row=namedtuple("Row", names) if names else None,  # its fields are known only here
        columns=[column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns],
    )
