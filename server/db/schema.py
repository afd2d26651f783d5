"""Bringing the database's schema up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

# Any number will do, as long as no other application that shares the database takes the same.
_MIGRATION_LOCK = 0x_726F_6F6D


async def upgrade(engine: AsyncEngine) -> None:
    """Apply the migrations that are missing. Safe when several nodes start at once: one migrates, the others wait."""
    async with engine.execution_options(roomful_read=False).begin() as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
            await connection.execute(text("SET LOCAL lock_timeout = 0"))
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        await connection.run_sync(_upgrade)


async def current(engine: AsyncEngine) -> str | None:
    """The newest applied migration, or None for an empty database."""
    async with engine.connect() as connection:
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


def alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(alembic_config(connection), "head")
