"""The labels of a project: all of them, and those that a task's change names."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import now
from roomful.db.functions import json_texts, texts_of
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
    row = (await session.execute(_NAMED, {"project": project_id, "key": key_of(name)})).one_or_none()
    return None if row is None else Label.model_validate(row)


async def spell(session: AsyncSession, access: Access, names: Sequence[str], known: Sequence[str]) -> Spelled:
    """The names as the project has them. `known` are those that it has (`find_known`); the others become labels.

    The project is locked. Raises LimitReached for more labels than a project may have.
    """
    by_key = {key_of(name): name for name in known}
    missing = [name for name in names if key_of(name) not in by_key]
    new = await make_labels(session, access, missing) if missing else []
    return Spelled([by_key.get(key_of(name), name) for name in names], new)


async def find_known(session: AsyncSession, project_id: str, names: Sequence[str]) -> Sequence[str]:
    """The labels that are called so, in any case, as the project spells them."""
    if not names:
        return []
    known = await session.execute(KNOWN_AMONG, {"project": project_id, "keys": json_keys(names)})
    found: list[str] = known.scalar_one()
    return found


def json_keys(names: Sequence[str]) -> str:
    """The parameter `keys` of `KNOWN_AMONG`."""
    return json.dumps([key_of(name) for name in names])


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
KNOWN_AMONG = select(texts_of(LABEL.c.name)).where(
    _OF_PROJECT, LABEL.c.key.in_(select(json_texts(bindparam("keys")).table_valued("value").c.value))
)
"""`find_known` as a part of another query, with the parameters `project` and `keys` (`json_keys`)."""
_LABELS = select(LABEL).where(_OF_PROJECT).order_by(LABEL.c.key)
_NAMED = select(LABEL).where(_OF_PROJECT, LABEL.c.key == bindparam("key"))
_COLOURS = select(LABEL.c.color, func.count().label("labels")).where(_OF_PROJECT).group_by(LABEL.c.color)
_INSERT = insert(LABEL)
