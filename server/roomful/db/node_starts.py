"""The starts of nodes, as the database has them."""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import now
from roomful.db.engine import Database
from roomful.db.models import NodeStart
from roomful.errors import AppError

START_BYTES = 8
KEPT = timedelta(days=7)
"""A node asks for those after its own, and one that is superseded counts for half a minute more."""


class NodeStarts:
    """Writes this node's start, once, and reads it with all later ones.

    A database that was set back to an earlier state lacks it: then the start is written again.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._number: int | None = None

    async def read(self) -> Sequence[bytes]:
        """Random ids, oldest first. Raises SQLAlchemyError, OSError, AppError while the database is out of reach."""
        if self._number is None:
            self._number = await self._write()
        async with self._database.ask() as session:
            newer = select(NodeStart.id).where(NodeStart.number >= self._number).order_by(NodeStart.number)
            found = (await session.scalars(newer)).all()
        if not found:
            self._number = None
            return await self.read()
        return found

    async def _write(self) -> int:
        async with self._database.write() as session:
            start = NodeStart(id=secrets.token_bytes(START_BYTES))
            session.add(start)
            await session.flush()
            await _purge(session)
            number = start.number
            await session.commit()
        return number


async def _purge(session: AsyncSession) -> None:
    """Delete old ones. The newest, which nodes that run still name, has just been written."""
    await session.execute(delete(NodeStart).where(NodeStart.started_at < now() - KEPT))


OUTAGES = (SQLAlchemyError, OSError, AppError)
"""The errors that `read` raises while the database is out of reach."""
