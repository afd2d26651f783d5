"""SQLite connections that go to their thread once for a statement.

Every connection has a thread, since SQLite blocks. The driver's own cursor goes there four times for a query (open,
execute, fetch, close), and each trip is paid for twice: two threads are woken, and one interpreter serves both. Here a
statement's rows come back with it, BEGIN and statements without rows go along with the next one, and nothing is rolled
back when nothing was begun.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple, Self
from urllib.parse import quote

import aiosqlite

PRAGMAS = ("synchronous=FULL", "foreign_keys=ON", "cache_size=-16000", "temp_store=MEMORY")

Row = tuple[object, ...]
_Statement = tuple[str, tuple[object, ...]]
"""Its text and its parameters."""


async def connect(path: str, *, busy_seconds: float, may_make: bool = True) -> "Connection":
    """Open a file, which may be made if it is missing. The driver begins no transaction by itself.

    A statement waits at most `busy_seconds` for another process that writes.
    """
    connection = Connection(lambda: _open(path, busy_seconds, may_make=may_make), 64)
    await connection
    return connection


def create_private(path: str) -> None:
    """Make the file, readable by its owner alone, unless it is there. SQLite gives its log and index the same mode.

    SQLite reports anything that goes wrong here.
    """
    # O_EXCL: closing a descriptor of a file that is in use would drop the locks that SQLite holds on it (POSIX).
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def is_open_to_others(path: str) -> bool:
    """Whether any user of this machine may read or write the file."""
    try:
        return bool(os.stat(path).st_mode & 0o007)
    except OSError:
        return False


def _open(path: str, busy_seconds: float, *, may_make: bool) -> sqlite3.Connection:
    if may_make:
        create_private(path)
    connection = sqlite3.connect(f"file:{quote(path)}?mode=rw", uri=True, timeout=busy_seconds, isolation_level=None)
    try:
        _keep_a_wal(connection, until=time.monotonic() + busy_seconds)
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _keep_a_wal(connection: sqlite3.Connection, *, until: float) -> None:
    """Switch to a write-ahead log, which stays with the file. SQLite fails, and does not wait, if two do so at once."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(0.01)


class Connection(aiosqlite.Connection):
    """A connection as SQLAlchemy's dialect uses it: by one task at a time."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], iter_chunk_size: int) -> None:
        opened: list[sqlite3.Connection] = []

        def open_and_note() -> sqlite3.Connection:
            opened.append(connector())
            return opened[0]

        super().__init__(open_and_note, iter_chunk_size)
        # A connection that nobody closed must not keep the process alive.
        self._thread = threading.Thread(target=_until_nobody_waits, args=(self._thread.run, opened), daemon=True)
        self._ahead: list[_Statement] = []
        self._has_begun = False

    def __del__(self) -> None:
        """A task that was cancelled while it gave this back could not close it: its thread does, without a warning."""
        if self._connection is not None:
            self.stop()

    def begin(self, how: str) -> None:
        """Begin a transaction with the next statement.

        Nothing can come in between: IMMEDIATE takes its lock then, and a transaction sees what was committed before
        its first statement, not before its BEGIN.
        """
        self.post(how)

    def post(self, sql: str, *values: object) -> None:
        """Carry out a statement that returns no rows with the next one, or with the commit, which then fails for it."""
        self._ahead.append((sql, values))

    def cursor(self) -> "Cursor":  # type: ignore[override]  # the dialect enters it, and does not await it
        return Cursor(self)

    async def fetch(self, sql: str, *values: object) -> list[Row]:
        """A statement's rows, as the PostgreSQL driver gives them."""
        return (await self.run(lambda cursor: cursor.execute(sql, values))).rows

    async def run(self, call: Callable[[sqlite3.Cursor], object]) -> "Result":
        """Let `call` execute a statement with a cursor, in the connection's thread, and bring back its rows."""
        ahead, self._ahead = self._ahead, []
        # Set before the trip: if the caller is cancelled on it, the thread begins all the same.
        self._has_begun = self._has_begun or bool(ahead)
        result: Result = await self._execute(_run, self._conn, ahead, call)  # type: ignore[no-untyped-call]
        return result

    async def commit(self) -> None:
        ahead, self._ahead = self._ahead, []
        if self._has_begun:
            self._has_begun = False
            await self._execute(_commit, self._conn, ahead)  # type: ignore[no-untyped-call]

    async def rollback(self) -> None:
        self._ahead = []
        if self._has_begun:
            await super().rollback()
            self._has_begun = False


def _until_nobody_waits(work: Callable[[], None], opened: list[sqlite3.Connection]) -> None:
    """The driver's thread. Its event loop may be closed before it answers, when its caller was cancelled.

    It closes what it opened: the driver forgets a connection when the caller was cancelled while it was being opened.
    """
    with suppress(RuntimeError):
        work()
    for connection in opened:
        connection.close()


class Result(NamedTuple):
    rows: list[Row]
    description: object
    rowcount: int
    lastrowid: int | None


_NOTHING = Result([], None, -1, None)


class Cursor:
    """One statement and its outcome: a DB-API cursor, as far as SQLAlchemy's dialect uses it."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._result = _NOTHING

    async def __aenter__(self) -> Self:
        return self

    @property
    def description(self) -> object:
        return self._result.description

    @property
    def rowcount(self) -> int:
        return self._result.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._result.lastrowid

    async def execute(self, sql: str, parameters: Sequence[object] = ()) -> Self:
        self._result = await self._connection.run(lambda cursor: cursor.execute(sql, parameters))
        return self

    async def executemany(self, sql: str, parameters: Iterable[Sequence[object]]) -> Self:
        self._result = await self._connection.run(lambda cursor: cursor.executemany(sql, parameters))
        return self

    async def fetchone(self) -> Row | None:
        return next(iter(await self.fetchmany(1)), None)

    async def fetchmany(self, size: int) -> list[Row]:
        taken, self._result.rows[:size] = self._result.rows[:size], []
        return taken

    async def fetchall(self) -> list[Row]:
        return await self.fetchmany(len(self._result.rows))

    async def close(self) -> None:
        """Nothing is left open: SQLite's own cursor was closed when its rows had been read."""


def _run(
    connection: sqlite3.Connection, ahead: Sequence[_Statement], call: Callable[[sqlite3.Cursor], object]
) -> Result:
    cursor = connection.cursor()
    try:
        for sql, values in ahead:
            cursor.execute(sql, values)
        call(cursor)
        rows = cursor.fetchall() if cursor.description else []
        return Result(rows, cursor.description, cursor.rowcount, cursor.lastrowid)
    finally:
        cursor.close()


def _commit(connection: sqlite3.Connection, ahead: Sequence[_Statement]) -> None:
    """Ends the transaction either way: nobody rolls back after a commit that failed."""
    try:
        for sql, values in ahead:
            connection.execute(sql, values)
        connection.commit()
    except sqlite3.Error:
        connection.rollback()
        raise
