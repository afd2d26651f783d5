"""A value that differs between a database and its copy."""

import asyncio
import os
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from roomful.db.engine import Database


async def fingerprint(database: Database) -> bytes:
    """The same for every node on one database, another for a copy of it, though the two hold the same rows.

    A clone of the whole machine or of the whole cluster's files has the same fingerprint: see docs/decisions/0009.
    """
    if database.is_sqlite:
        path = Path(database.engine.url.database or "")
        status: os.stat_result = await asyncio.to_thread(path.stat)
        return b"sqlite %d %d" % (status.st_dev, status.st_ino)
    async with database.ask() as session:
        found = await session.execute(text("SELECT oid, datname FROM pg_database WHERE datname = current_database()"))
        number, name = found.one()
    return f"postgresql {await _cluster_id(database)} {number} {name}".encode()


async def _cluster_id(database: Database) -> int:
    """Given at initdb, and kept by standbys; 0 where nobody is told."""
    try:
        async with database.ask() as session:
            return await session.scalar(text("SELECT system_identifier FROM pg_control_system()")) or 0
    except DBAPIError:
        return 0
