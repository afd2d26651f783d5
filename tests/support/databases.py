"""Fresh databases, each a copy of one that was migrated once."""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from server.db import schema
from server.db.engine import Database
from server.settings import Settings
from tests.support.postgresql import PostgreSQL


def migrate(url: str) -> None:
    """Bring a database's schema up to date, in an event loop of its own."""

    async def upgrade() -> None:
        database = Database(Settings(_env_file=None, database_url=url))
        try:
            await schema.upgrade(database.engine)
        finally:
            await database.close()

    # In a thread, since the fixture that asks may be set up for a test whose own loop exists already.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, upgrade()).result()


class SqliteFiles:
    """Database files in one directory."""

    def __init__(self, directory: Path) -> None:
        self._template = directory / "template.db"
        migrate(f"sqlite:///{self._template}")
        with sqlite3.connect(self._template) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    def create(self, path: Path, *, migrated: bool = True) -> str:
        """The URL of a new database at this path."""
        if migrated:
            shutil.copy(self._template, path)
        return f"sqlite:///{path}"


class PostgresqlDatabases:
    """Databases of one server."""

    def __init__(self, server: PostgreSQL) -> None:
        self._server = server
        self._template = server.create_database()
        migrate(server.url(self._template))

    @contextmanager
    def create(self, *, migrated: bool = True) -> Iterator[str]:
        """The URL of a new database, which is dropped afterwards with all its connections."""
        name = self._server.create_database(self._template if migrated else None)
        try:
            yield self._server.url(name)
        finally:
            self._server.drop_database(name)
