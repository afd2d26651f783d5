"""Whether somebody belongs to a project."""

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.projects.models import Member


async def may_see(session: AsyncSession, *, user_id: str, project_id: str) -> bool:
    """Whether this person is a member of the project now."""
    return await session.scalar(_ROLE, {"project": project_id, "person": user_id}) is not None


_ROLE = select(Member.role).where(Member.project_id == bindparam("project"), Member.user_id == bindparam("person"))
