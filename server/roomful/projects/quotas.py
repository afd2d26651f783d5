"""Quotas: how much a person, or a project, may have."""

from dataclasses import dataclass
from typing import Self

from fastapi import Request
from sqlalchemy import ColumnElement, Select, Table, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.errors import LimitReached
from roomful.projects.models import MEMBER, PROJECT
from roomful.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """The limits; 0 is without limit. Checks count under a lock that the caller holds, so they are exact."""

    projects_per_user: int = 0
    memberships_per_user: int = 0
    members_per_project: int = 0
    invitations_per_project: int = 0
    tasks_per_project: int = 0
    columns_per_project: int = 0
    labels_per_project: int = 0
    comments_per_task: int = 0
    reactions_per_comment: int = 0

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            projects_per_user=settings.max_projects_per_user,
            memberships_per_user=settings.max_memberships_per_user,
            members_per_project=settings.max_members_per_project,
            invitations_per_project=settings.max_invitations_per_project,
            tasks_per_project=settings.max_tasks_per_project,
            columns_per_project=settings.max_columns_per_project,
            labels_per_project=settings.max_labels_per_project,
            comments_per_task=settings.max_comments_per_task,
            reactions_per_comment=settings.max_reactions_per_comment,
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

    def require_invitation(self, open_count: int) -> None:
        """Room for one more invitation; the project is locked. Raises LimitReached."""
        if 0 < self.invitations_per_project <= open_count:
            most = f"{self.invitations_per_project:,}"
            raise LimitReached(f"A project can have {most} open invitations; withdraw some.")

    def require_task(self, task_count: int) -> None:
        """Room for one more task; the project is locked. Raises LimitReached."""
        if 0 < self.tasks_per_project <= task_count:
            raise LimitReached(f"A project can have {self.tasks_per_project:,} tasks; delete some, or begin another.")

    def require_column(self, column_count: int) -> None:
        """Room for one more column; the project is locked. Raises LimitReached."""
        if 0 < self.columns_per_project <= column_count:
            raise LimitReached(f"A project can have {self.columns_per_project:,} columns; delete one first.")

    def require_labels(self, label_count: int, more: int) -> None:
        """Room for more labels; the project is locked. Raises LimitReached."""
        if 0 < self.labels_per_project < label_count + more:
            raise LimitReached(f"A project can have {self.labels_per_project:,} labels; delete some.")

    def require_comment(self, comment_count: int) -> None:
        """Room for one more comment on a task; its project is locked. Raises LimitReached."""
        if 0 < self.comments_per_task <= comment_count:
            raise LimitReached(f"A task can have {self.comments_per_task:,} comments; delete some.")

    def require_reaction(self, emoji_count: int) -> None:
        """Room for one more emoji on a comment; its project is locked. Raises LimitReached."""
        if 0 < self.reactions_per_comment <= emoji_count:
            raise LimitReached(f"A comment can have {self.reactions_per_comment:,} different reactions.")


UNLIMITED = Quotas()


def quotas_of(request: Request) -> Quotas:
    quotas: Quotas = request.app.state.quotas
    return quotas


async def _is_full(session: AsyncSession, count: Select[int], key: str, most: int) -> bool:
    if most == 0:
        return False
    return (await session.execute(count, {"key": key, "most": most})).scalar_one() >= most


def _count(table: Table, condition: ColumnElement[bool]) -> Select[int]:
    """Counts up to `most`."""
    found = select(1).select_from(table).where(condition).limit(bindparam("most")).subquery()
    return select(func.count()).select_from(found)


_OWNED = _count(PROJECT, PROJECT.c.owner_id == bindparam("key"))
_MEMBERSHIPS = _count(MEMBER, MEMBER.c.user_id == bindparam("key"))
_MEMBERS = _count(MEMBER, MEMBER.c.project_id == bindparam("key"))
