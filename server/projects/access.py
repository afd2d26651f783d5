"""Who may do what in a project, as dependencies that a route's signature shows."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from pydantic import AfterValidator
from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.errors import Conflict, Forbidden, NotFound
from server.identity.people import Person
from server.projects.models import MEMBER, PROJECT, Role
from server.projects.schemas import ProjectState
from server.web.dependencies import DB, CurrentUser, ReadDB

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _possible_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise NotFound
    return text


PathId = Annotated[str, AfterValidator(_possible_id)]
"""An id in an address. It has one spelling: anything else is NotFound, as an id that nothing has."""


@dataclass(frozen=True, slots=True)
class Access:
    """A member at work in a project. Where the route changes something, both are locked until its transaction ends."""

    person: Person
    role: Role
    project: ProjectState

    def require_active(self) -> None:
        """Raises Conflict in an archived project: its content stays as it is."""
        if self.project.status != "active":
            raise Conflict("The project is archived; restore it first.")

    def require_owner(self) -> None:
        """Raises Forbidden."""
        if self.role != "owner":
            raise Forbidden("Only the project's owner may do this.")


async def may_see(session: AsyncSession, *, user_id: str, project_id: str) -> bool:
    """Whether this person is a member of the project now."""
    return (await session.execute(_ACCESS, {"project": project_id, "person": user_id})).one_or_none() is not None


async def _viewer_of(project_id: PathId, person: CurrentUser, session: ReadDB) -> Access:
    return await _access(session, _ACCESS, project_id, person)


async def _member_of(project_id: PathId, person: CurrentUser, session: DB) -> Access:
    return await _access(session, _LOCKED_ACCESS, project_id, person)


ViewerOf = Annotated[Access, Depends(_viewer_of)]
"""A member of any role who reads. Whoever isn't a member gets NotFound, as for a project that doesn't exist."""

MemberOf = Annotated[Access, Depends(_member_of)]
"""A member of any role, the project locked. NotFound for everybody else."""


async def _editor_of(access: MemberOf) -> Access:
    if access.role == "viewer":
        raise Forbidden
    return access


async def _owner_of(access: MemberOf) -> Access:
    access.require_owner()
    return access


EditorOf = Annotated[Access, Depends(_editor_of)]
"""An editor or the owner, the project locked. Forbidden for viewers."""

OwnerOf = Annotated[Access, Depends(_owner_of)]
"""The owner, the project locked. Forbidden for other members."""


async def _access(
    session: AsyncSession, statement: Select[*tuple[Any, ...]], project_id: str, person: Person
) -> Access:
    row = (await session.execute(statement, {"project": project_id, "person": person.id})).one_or_none()
    if row is None:
        raise NotFound
    return Access(person, row.role, ProjectState.model_validate(row))


_ACCESS = (
    select(PROJECT, MEMBER.c.role)
    .join(MEMBER, MEMBER.c.project_id == PROJECT.c.id)
    .where(PROJECT.c.id == bindparam("project"), MEMBER.c.user_id == bindparam("person"))
)
# Every change in a project takes this lock first, then rows inside the project, then the channel: one order for all.
# The member's row is locked as well so that PostgreSQL, having waited for the project, reads the role as it is by then.
# SQLite has no such locks and needs none: there, a transaction that writes is alone.
_LOCKED_ACCESS = _ACCESS.with_for_update(of=[PROJECT, MEMBER])
