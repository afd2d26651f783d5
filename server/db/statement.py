"""A statement that every write runs: compiled once, then carried out by the driver itself."""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, ReturnsRows
from sqlalchemy.exc import DBAPIError, MultipleResultsFound
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.sql.compiler import SQLCompiler

Processor = Callable[[Any], Any]

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
        """Its rows, or none where it returns none. Raises DBAPIError."""
        connection = _connection_in_use(session)
        if connection is None:
            return await session.run_sync(self._run_first, parameters)
        compiled = self._compiled_for(connection.dialect)
        values = compiled.values(parameters)
        driver: Any = connection.connection.driver_connection  # asyncpg's, or ours for SQLite
        try:
            rows = await driver.fetch(compiled.text, *values)
        except Exception as error:  # of either driver; whatever is not an error of the database goes on as it is
            raise _as_raised_by_session(error, connection, compiled.text) from error
        return compiled.rows(rows)

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
        cursor = connection.connection.cursor()
        try:
            cursor.execute(compiled.text, values)
            rows = cursor.fetchall() if compiled.row is not None else []
        except Exception as error:
            raise _as_raised_by_session(error, connection, compiled.text) from error
        finally:
            cursor.close()
        return compiled.rows(rows)

    def _compiled_for(self, dialect: Dialect) -> "_Compiled":
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _compile(self._statement, dialect)
        return compiled


def _connection_in_use(session: AsyncSession) -> Connection | None:
    """The connection on which a Statement has begun the session's present transaction, or savepoint."""
    begun: tuple[object, Connection] | None = session.info.get(_IN_USE)
    return begun[1] if begun is not None and begun[0] is _innermost(session.sync_session) else None


def _innermost(session: Session) -> SessionTransaction | None:
    return session.get_nested_transaction() or session.get_transaction()


def _as_raised_by_session(error: Exception, connection: Connection, text: str) -> BaseException:
    """A driver's error in SQLAlchemy's terms. A connection that it has ended is not used again."""
    dialect, adapted = connection.dialect, connection.connection.dbapi_connection
    try:
        adapted._handle_exception(error)  # type: ignore[union-attr]  # translates; each dialect of asyncio has it
    except dialect.loaded_dbapi.Error as translated:
        is_lost = dialect.is_disconnect(translated, adapted, None)
        if is_lost:
            connection.invalidate(translated)
        return DBAPIError.instance(
            text, None, translated, dialect.loaded_dbapi.Error, connection_invalidated=is_lost, dialect=dialect
        )
    except Exception as same:
        return same
    return error


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
