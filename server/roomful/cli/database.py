"""The database for commands: opened, with its schema, and with failures in one line."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import NamedTuple, TypeVar

from sqlalchemy.exc import DBAPIError

from roomful.cli.console import Failed
from roomful.db import schema
from roomful.db.engine import Database
from roomful.db.sqlite import create_private, is_open_to_others
from roomful.eventlog import epochs
from roomful.invitations.withdrawal import withdraw_all
from roomful.roomstore import generations
from roomful.service_urls import async_database_url, without_password
from roomful.settings import Settings, load_settings
from roomful.signing_key import key_file

__all__ = ["current", "load_settings", "open_database", "ready_database", "renew", "run", "upgrade"]

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


def upgrade(settings: Settings) -> None:
    async def work() -> None:
        async with open_database(settings) as database:
            await schema.upgrade(database.engine)

    run(settings, work)


def current(settings: Settings) -> str | None:
    """The newest applied migration; None for an empty database, or one that is not there, and is not made."""
    if _is_missing(settings):
        return None

    async def work() -> str | None:
        async with open_database(settings) as database:
            return await schema.current(database.engine)

    return run(settings, work)


class Renewed(NamedTuple):
    """How many channels got a new epoch, and documents a new generation; how many invitations were withdrawn."""

    channels: int
    documents: int
    invitations: int


def renew(settings: Settings) -> Renewed:
    """Let nobody go on from what a restored backup lacks. Invitations first: they let strangers in.

    Raises Failed for an empty database, or one that is not there: it is not the one that was restored. So does one that
    lacks migrations, which may lack what is to be renewed.
    """
    name = without_password(settings.database_url)
    empty = Failed(f"the database {name} is empty: there is nothing to renew")
    if _is_missing(settings):
        raise empty

    async def work() -> Renewed:
        async with open_database(settings) as database:
            revision = await schema.current(database.engine)
            if revision is None:
                raise empty
            if schema.is_outdated(revision):
                raise Failed(f"the database {name} is of an older version: run `roomful db upgrade` first")
            withdrawn = await withdraw_all(database)
            return Renewed(await epochs.renew_all(database), await generations.renew_all(database), withdrawn)

    return run(settings, work)


def run(settings: Settings, work: Callable[[], Coroutine[None, None, Result]]) -> Result:
    """Run work on the database. Raises Failed when the database is out of reach or not usable."""
    try:
        _try_sqlite_file(settings)
        return asyncio.run(work())
    except (DBAPIError, sqlite3.Error, OSError, schema.CantMigrate) as error:
        reason = str(error.orig if isinstance(error, DBAPIError) else error).partition("\n")[0]
        raise Failed(f"the database {without_password(settings.database_url)} can't be used: {reason}") from error


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def ready_database(settings: Settings) -> AsyncIterator[Database]:
    """The database with tables in it: an empty one gets its schema, since people are often made before the first start.

    One that is only behind is left alone: to migrate it is the operator's decision.
    """
    async with open_database(settings) as database:
        if await schema.current(database.engine) is None:
            await schema.upgrade(database.engine)
        yield database


def warn_if_open_to_others(settings: Settings) -> None:
    """For files that are copies, or older than private ones. The mode may be intended: the operator changes it."""
    url = async_database_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and is_open_to_others(str(url.database)):
        logger.warning("every user of this machine can read the database: chmod 600 %s*", url.database)
    if settings.secret_key is None and is_open_to_others(str(key_file(settings))):
        logger.warning(
            "every user of this machine can read the key that signs tokens: chmod 600 %s", key_file(settings)
        )


def _is_missing(settings: Settings) -> bool:
    """Whether the database is a file that is not there. Of a missing folder SQLite itself tells."""
    url = async_database_url(settings.database_url)
    file = Path(str(url.database))
    return url.get_backend_name() == "sqlite" and file.parent.is_dir() and not file.exists()


def _try_sqlite_file(settings: Settings) -> None:
    """Open the file for writing before there is an event loop: a driver's thread whose connection fails would report
    to a loop that is gone, with a traceback.
    """
    url = async_database_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        create_private(str(url.database))
        with closing(sqlite3.connect(str(url.database), isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
