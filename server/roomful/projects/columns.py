"""The columns of a project's board: those that it begins with, and all that it has."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.ids import new_id
from roomful.projects.models import COLUMN, Category
from roomful.projects.schemas import Column

FIRST_COLUMNS: tuple[tuple[str, Category, str], ...] = (
    ("To do", "todo", "a0"),
    ("In progress", "in_progress", "a1"),
    ("Done", "done", "a2"),
)
"""Name, category and position of what a new project has."""


def first_columns(at: datetime) -> list[Column]:
    """The columns of a new project. Their ids sort as they stand: lists of tasks go by them within a category."""
    ids = sorted(new_id() for _ in FIRST_COLUMNS)
    return [
        Column(
            id=id_,
            name=name,
            category=category,
            color=None,
            wip_limit=None,
            position=position,
            version=1,
            created_at=at,
            updated_at=at,
        )
        for id_, (name, category, position) in zip(ids, FIRST_COLUMNS, strict=True)
    ]


async def save_columns(session: AsyncSession, project_id: str, columns: Sequence[Column]) -> None:
    await session.execute(_INSERT, [{"project_id": project_id, **column.model_dump()} for column in columns])


async def list_columns(session: AsyncSession, project_id: str) -> list[Column]:
    """All of a project's columns, as the board shows them."""
    rows = await session.execute(_COLUMNS, {"project": project_id})
    return [Column.model_validate(row) for row in rows]


_INSERT = insert(COLUMN)
_COLUMNS = select(COLUMN).where(COLUMN.c.project_id == bindparam("project")).order_by(COLUMN.c.position, COLUMN.c.id)
