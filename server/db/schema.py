"""Bringing the database's schema up to date."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

# Any number will do, as long as no other application that shares the database takes the same.
_MIGRATION_LOCK = 0x_726F_6F6D


async def upgrade(engine: AsyncEngine) -> None:
    """Apply the migrations that are missing. Safe when several nodes start at once: one migrates, the others wait."""
    async with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
            await connection.execute(text("SET LOCAL lock_timeout = 0"))
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        await connection.run_sync(apply)


async def current(engine: AsyncEngine) -> str | None:
    """The newest applied migration, or None for an empty database."""
    async with engine.connect() as connection:
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


@cache
def is_outdated(revision: str) -> bool:
    """Whether a database at this revision lacks migrations that this code needs. Reads the migrations' files.

    One that this code has not heard of is newer: the next version is being rolled out beside it.
    """
    scripts = ScriptDirectory.from_config(_config())
    known = {script.revision for script in scripts.walk_revisions()}
    return revision in known and revision not in scripts.get_heads()


def apply(connection: Connection) -> None:
    """Apply the missing migrations in the connection's transaction."""
    command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> Config:
    config = _config()
    config.attributes["connection"] = connection
    return config


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
