"""A task's comments page by page, for exports."""

from typing import NamedTuple

from sqlalchemy import bindparam, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.comments import rows
from roomful.comments.models import COMMENT
from roomful.comments.models import Comment as CommentRow
from roomful.comments.schemas import Comment


class PageMark(NamedTuple):
    """Where a page ends."""

    thread_id: str
    id: str


FIRST = PageMark("", "")
"""Before every comment."""


async def read_page(
    session: AsyncSession, project_id: str, task_id: str, *, after: PageMark, limit: int
) -> tuple[list[Comment], PageMark | None]:
    """Comments in the order of their list; where the next page begins, None at the end."""
    page = {"task": task_id, "thread_id": after.thread_id, "id": after.id, "count": limit}
    found = (await session.scalars(_PAGE, page)).all()
    end = PageMark(found[-1].thread_id, found[-1].id) if len(found) == limit else None
    return await rows.show(session, project_id, found), end


_ORDER = (COMMENT.c.thread_id, COMMENT.c.id)
_PAGE = (
    select(CommentRow)
    .where(
        COMMENT.c.task_id == bindparam("task"),
        tuple_(*_ORDER) > tuple_(*(bindparam(column.key, type_=column.type) for column in _ORDER)),
    )
    .order_by(*_ORDER)
    .limit(bindparam("count"))
)
