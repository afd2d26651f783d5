"""Quotas: how much a person, or a project, may have."""

from dataclasses import dataclass
from typing import Self

from fastapi import Request
from sqlalchemy import ColumnElement, Table, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.statement import Statement
from roomful.errors import LimitReached
from roomful.projects.models import MEMBER, PROJECT
from roomful.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """The most of everything; 0 is without limit. Each check counts under a lock that the caller holds, so is exact."""

    projects_per_user: int = 0
    memberships_per_user: int = 0
    members_per_project: int = 0
    tasks_per_project: int = 0

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            projects_per_user=settings.max_projects_per_user,
            memberships_per_user=settings.max_memberships_per_user,
            members_per_project=settings.max_members_per_project,
            tasks_per_project=settings.max_tasks_per_project,
        )

    async def require_project(self, session: AsyncSession, user_id: str) -> None:
        """Room for one more project that this person owns; their row is locked. Raises LimitReached."""
        if await _is_full(session, _OWNED, user_id, self.projects_per_user):
            raise LimitReached(f"A person can own {self.projects_per_user:,} projects.")

    async def require_membership(self, session: AsyncSession, user_id: str) -> None:
        """Room for one more project that this person is in; their row is locked. Raises LimitReached."""
        if await _is_full(session, _MEMBERSHIPS, user_id, self.memberships_per_user):
            raise LimitReached(f"A person can be in {self.memberships_per_user:,} projects.")

    async def require_member(self, session: AsyncSession, project_id: str) -> None:
        """Room for one more member; the project is locked. Raises LimitReached."""
        if await _is_full(session, _MEMBERS, project_id, self.members_per_project):
            raise LimitReached(f"A project can have {self.members_per_project:,} members.")

    def require_task(self, task_count: int) -> None:
        """Room for one more task; the project is locked. Raises LimitReached."""
        if 0 < self.tasks_per_project <= task_count:
            raise LimitReached(f"A project can have {self.tasks_per_project:,} tasks; delete some, or begin another.")


UNLIMITED = Quotas()


def quotas_of(request: Request) -> Quotas:
    quotas: Quotas = request.app.state.quotas
    return quotas


async def _is_full(session: AsyncSession, statement: Statement, key: str, most: int) -> bool:
    if most == 0:
        return False
    row = await statement.one_or_none(session, {"key": key, "most": most})
    return bool(row.found >= most)


def _count(table: Table, condition: ColumnElement[bool]) -> Statement:
    """Counts no further than it has to."""
    found = select(1).select_from(table).where(condition).limit(bindparam("most")).subquery()
    return Statement(select(func.count().label("found")).select_from(found))


_OWNED = _count(PROJECT, PROJECT.c.owner_id == bindparam("key"))
_MEMBERSHIPS = _count(MEMBER, MEMBER.c.user_id == bindparam("key"))
_MEMBERS = _count(MEMBER, MEMBER.c.project_id == bindparam("key"))
