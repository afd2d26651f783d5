"""Rights in documents, looked up for many at once."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import now
from roomful.db.parts import full_parts
from roomful.documents.models import DOCUMENT
from roomful.identity.models import SIGN_IN, USER
from roomful.identity.people import STANDS
from roomful.projects.models import MEMBER, PROJECT, ProjectStatus, Role
from roomful.roomstore.models import ROOM

AT_ONCE = 16
"""Questions in one query, which may find this many documents for each of this many sign-ins."""


class Asked(NamedTuple):
    """A person by one of their sign-ins, and a document."""

    user_id: str
    session_id: str
    document_id: str


class Right(NamedTuple):
    """A person's right in a document, and their name there. `generation` names its present history."""

    project_id: str
    task_id: str | None
    generation: str
    name: str
    may_write: bool


async def rights_among(session: AsyncSession, asked: Sequence[Asked]) -> dict[Asked, Right]:
    """The rights of present members by sign-ins that stand. A document in the trash gives none."""
    wanted, found = set(asked), dict[Asked, Right]()
    # Sorted, so that a query asks few documents for each of its sign-ins.
    for part in full_parts(sorted(asked, key=lambda each: each.document_id), most=AT_ONCE):
        documents, sign_ins = [each.document_id for each in part], [each.session_id for each in part]
        for row in await session.execute(_RIGHTS, {"documents": documents, "sign_ins": sign_ins, "at": now()}):
            key = Asked(row.user_id, row.session_id, row.document_id)
            if key in wanted:
                may_write = _may_write(row.role, row.status)
                found[key] = Right(row.project_id, row.task_id, row.generation, row.name, may_write)
    return found


async def writers_of(session: AsyncSession, project_id: str, user_ids: Sequence[str]) -> dict[str, bool]:
    """Of these people, those who are members of the project now, and whether they may write in its documents."""
    found: dict[str, bool] = {}
    for part in full_parts(user_ids):
        rows = await session.execute(_ROLES, {"project": project_id, "people": part})
        found.update({user_id: _may_write(role, status) for user_id, role, status in rows})
    return found


def _may_write(role: Role, status: ProjectStatus) -> bool:
    return role != "viewer" and status == "active"


# Finds every sign-in with every document, of which the asked pairs are picked: both databases use keys for such lists.
_RIGHTS = select(
    USER.c.id.label("user_id"),
    SIGN_IN.c.id.label("session_id"),
    DOCUMENT.c.id.label("document_id"),
    DOCUMENT.c.project_id,
    DOCUMENT.c.task_id,
    ROOM.c.generation,
    USER.c.name,
    MEMBER.c.role,
    PROJECT.c.status,
).where(
    DOCUMENT.c.id.in_(bindparam("documents", expanding=True)),
    SIGN_IN.c.id.in_(bindparam("sign_ins", expanding=True)),
    ROOM.c.id == DOCUMENT.c.id,
    ROOM.c.is_deleted.is_(False),  # neither it nor its task is in the trash
    PROJECT.c.id == DOCUMENT.c.project_id,
    SIGN_IN.c.user_id == USER.c.id,
    MEMBER.c.project_id == DOCUMENT.c.project_id,
    MEMBER.c.user_id == USER.c.id,
    *STANDS,
)
_ROLES = select(MEMBER.c.user_id, MEMBER.c.role, PROJECT.c.status).where(
    PROJECT.c.id == bindparam("project"),
    MEMBER.c.project_id == PROJECT.c.id,
    MEMBER.c.user_id.in_(bindparam("people", expanding=True)),
)
