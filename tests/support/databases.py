"""New databases, each a copy of one that was migrated once."""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from roomful.db import schema
from roomful.db.engine import Database
from roomful.settings import Settings
from tests.support.postgresql import PostgreSQL


def migrate(url: str) -> None:
    """Migrate a database, in an event loop of its own."""

    async def upgrade() -> None:
        database = Database(Settings(_env_file=None, database_url=url))
        try:
            await schema.upgrade(database.engine)
        finally:
            await database.close()

    # In a thread, since the test's own loop may exist already.
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
    """Databases of one server, reused once their rows are restored: a new one takes half a second."""

    def __init__(self, server: PostgreSQL) -> None:
        self._server = server
        self._template = server.create_database()
        self._free: list[str] = []
        migrate(server.url(self._template))
        server.execute(_REMEMBER, self._template)

    @contextmanager
    def create(self, *, migrated: bool = True) -> Iterator[str]:
        """The URL of a database of its own. Open connections are cut at the end."""
        if migrated:
            name = self._free.pop() if self._free else self._server.create_database(self._template)
        else:
            name = self._server.create_database()
        try:
            yield self._server.url(name)
        finally:
            if migrated and self._restore(name):
                self._free.append(name)
            else:
                self._server.drop_database(name)

    def _restore(self, name: str) -> bool:
        """Restore the rows. Returns False if the test has changed the schema, so that no other may use it."""
        try:
            return self._server.execute(_RESTORE, name)[-1] == "t"
        except RuntimeError:
            return False


_REMEMBER = """
CREATE SCHEMA pristine;

CREATE FUNCTION pristine.schema_size() RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(',', (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_attribute),
        (SELECT count(*) FROM pg_constraint), (SELECT count(*) FROM pg_trigger), (SELECT count(*) FROM pg_proc))
$$;

CREATE FUNCTION pristine.restore() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE name text;
BEGIN
    SET LOCAL session_replication_role = replica;  -- no foreign keys on the way
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DELETE FROM public.%I', name);
        EXECUTE format('INSERT INTO public.%I SELECT * FROM pristine.%I', name, name);
    END LOOP;
    RETURN (SELECT size FROM pristine.size) = pristine.schema_size();
END
$$;

DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('CREATE TABLE pristine.%I AS TABLE public.%I', name, name);
    END LOOP;
    CREATE TABLE pristine.size (size text);
    INSERT INTO pristine.size VALUES (pristine.schema_size());
END
$$;
"""

_RESTORE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
SELECT pristine.restore();
"""
