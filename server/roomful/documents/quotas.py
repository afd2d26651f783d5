"""Limits on a project's documents and a document's versions."""

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.documents.models import DOCUMENT
from roomful.errors import LimitReached


async def require_document(session: AsyncSession, project_id: str, most: int) -> None:
    """Room for one more document; the project is locked, 0 is without limit. Raises LimitReached."""
    if most and (await session.execute(_COUNT, {"project": project_id})).scalar_one() >= most:
        raise LimitReached(f"A project can have {most:,} documents, those in the trash included.")


def require_version(count: int, most: int) -> None:
    """Room for one more version with a label; 0 is without limit. Raises LimitReached."""
    if 0 < most <= count:
        raise LimitReached(f"A document can have {most:,} versions with a label; delete some.")


_COUNT = (
    select(func.count())
    .select_from(DOCUMENT)
    .where(DOCUMENT.c.project_id == bindparam("project"), DOCUMENT.c.task_id.is_(None))
)
