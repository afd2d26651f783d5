"""The labels of a project: all of them, and those that a task's change names."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import now
from roomful.ids import new_id
from roomful.projects.access import Access
from roomful.projects.label_names import key_of, pick_colours
from roomful.projects.models import LABEL
from roomful.projects.schemas import Label


class Spelled(NamedTuple):
    """Names of labels as the project spells them, and the labels among them that are new to it, not stored yet."""

    names: list[str]
    new: list[Label]


async def list_labels(session: AsyncSession, project_id: str) -> list[Label]:
    """All of a project's labels, by name."""
    rows = await session.execute(_LABELS, {"project": project_id})
    return [Label.model_validate(row) for row in rows]


async def find_by_name(session: AsyncSession, project_id: str, name: str) -> Label | None:
    """The label that is called so, in any case."""
    row = (await session.execute(_KNOWN, {"project": project_id, "keys": [key_of(name)]})).one_or_none()
    return None if row is None else Label.model_validate(row)


async def spell(session: AsyncSession, access: Access, names: Sequence[str]) -> Spelled:
    """The names as the project has them; one that it lacks becomes a label. The project is locked.

    Raises LimitReached for more labels than a project may have.
    """
    if not names:
        return Spelled([], [])
    by_key = {key_of(name): name for name in names}
    rows = await session.execute(_KNOWN, {"project": access.project.id, "keys": list(by_key)})
    known = {row.key: row.name for row in rows}
    missing = [name for key, name in by_key.items() if key not in known]
    new = await make_labels(session, access, missing) if missing else []
    return Spelled([known.get(key, name) for key, name in by_key.items()], new)


async def make_labels(
    session: AsyncSession, access: Access, names: Sequence[str], color: str | None = None
) -> list[Label]:
    """New labels, not stored yet, in this colour or in those that the project uses least. Raises LimitReached."""
    rows = await session.execute(_COLOURS, {"project": access.project.id})
    used: Counter[str] = Counter({row.color: row.labels for row in rows})
    access.quotas.require_labels(used.total(), len(names))
    colours = [color] * len(names) if color is not None else pick_colours(used, len(names))
    at = now()
    return [
        Label(id=new_id(), name=name, color=picked, version=1, created_at=at, updated_at=at)
        for name, picked in zip(names, colours, strict=True)
    ]


async def save_labels(session: AsyncSession, project_id: str, labels: Sequence[Label]) -> None:
    if labels:
        rows = [{"project_id": project_id, "key": key_of(label.name), **label.model_dump()} for label in labels]
        await session.execute(_INSERT, rows)


_OF_PROJECT = LABEL.c.project_id == bindparam("project")
_LABELS = select(LABEL).where(_OF_PROJECT).order_by(LABEL.c.key)
_KNOWN = select(LABEL).where(_OF_PROJECT, LABEL.c.key.in_(bindparam("keys", expanding=True)))
_COLOURS = select(LABEL.c.color, func.count().label("labels")).where(_OF_PROJECT).group_by(LABEL.c.color)
_INSERT = insert(LABEL)
