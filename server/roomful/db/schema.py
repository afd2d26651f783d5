"""Bringing the database's schema up to date."""

import asyncio
import logging
import time
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

# Alembic is imported where there is something to migrate: with what it brings it is a sixth of the time of a start.

logger = logging.getLogger(__name__)

_MIGRATIONS = Path(__file__).parent / "migrations"

# Any number will do, as long as no other application that shares the database takes the same.
_MIGRATION_LOCK = 0x_726F_6F6D

_WAIT_TOLD_AFTER_SECONDS = 2.0


class CantMigrate(Exception):
    """The migrations here don't lead on from where the database is; the message says why."""


async def upgrade(engine: AsyncEngine) -> None:
    """Apply the migrations that are missing. Safe when several nodes start at once: one migrates, the others wait.

    Raises CantMigrate.
    """
    async with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
            await connection.execute(text("SET LOCAL lock_timeout = 0"))
            waiting = asyncio.get_running_loop().call_later(
                _WAIT_TOLD_AFTER_SECONDS, logger.info, "another node migrates the database; waiting for it"
            )
            try:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            finally:
                waiting.cancel()
        before, newest = await connection.run_sync(_current), known_revisions()[-1]
        if before == newest:
            return
        began = time.monotonic()
        logger.info("migrating the database", extra={"before": before, "to": newest})
        await connection.run_sync(apply)
    logger.info("migrated the database", extra={"to": newest, "seconds": round(time.monotonic() - began, 1)})


async def current(engine: AsyncEngine) -> str | None:
    """The newest applied migration, or None for an empty database."""
    async with engine.connect() as connection:
        return await connection.run_sync(_current)


def is_outdated(revision: str) -> bool:
    """Whether a database at this revision lacks migrations that this code needs.

    One that this code has not heard of is newer: the next version is being rolled out beside it.
    """
    return revision in known_revisions()[:-1]


@cache
def known_revisions() -> tuple[str, ...]:
    """The migrations that this code has, oldest first: each follows the one before, and its file begins with its name.

    Reads their folder.
    """
    return tuple(sorted(path.stem.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py")))


def apply(connection: Connection, up_to: str = "head") -> None:
    """Apply the missing migrations in the connection's transaction. Raises CantMigrate."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    # In Alembic's configuration a % begins a variable.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, up_to)
    except CommandError as error:
        raise CantMigrate(str(error)) from error


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision
