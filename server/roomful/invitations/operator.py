"""Invitations by the operator, in the name of a project's owner."""

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.errors import Conflict, NotFound
from roomful.invitations import service
from roomful.invitations.schemas import InvitationWithUrl, NewInvitation
from roomful.invitations.tokens import InvitationTokens
from roomful.projects.models import PROJECT
from roomful.settings import Settings
from roomful.signing_key import INVITATION_PURPOSE, derived_key, signing_key


async def invite(session: AsyncSession, settings: Settings, project_id: str, new: NewInvitation) -> InvitationWithUrl:
    """Make an invitation. The caller commits. Raises NotFound, Conflict in an archived project."""
    project = (await session.execute(_LOCKED, {"project": project_id})).one_or_none()
    if project is None:
        raise NotFound(f"There is no project {project_id}.")
    if project.status != "active":
        raise Conflict("The project is archived; restore it first.")
    key = derived_key(signing_key(settings), INVITATION_PURPOSE)
    tokens = InvitationTokens(key, public_url=settings.public_url)
    sends_mail = settings.smtp_url is not None
    return await service.save(session, project_id, project.owner_id, new, tokens, sends_mail=sends_mail)


_LOCKED = select(PROJECT.c.owner_id, PROJECT.c.status).where(PROJECT.c.id == bindparam("project")).with_for_update()
