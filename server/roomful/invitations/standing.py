"""Whether an invitation still admits anybody."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import now
from roomful.errors import Gone, NotFound
from roomful.identity.models import USER
from roomful.invitations.models import INVITATION, InvitedRole
from roomful.invitations.tokens import hash_of
from roomful.projects.models import PROJECT


class Found(NamedTuple):
    """An invitation with its project and its inviter, as they are now."""

    id: str
    project_id: str
    role: InvitedRole
    email: str | None
    max_uses: int
    uses: int
    created_by: str
    expires_at: datetime
    withdrawn_at: datetime | None
    project_name: str
    inviter_name: str
    inviter_is_active: bool
    inviter_is_owner: bool


async def find(session: AsyncSession, token: str) -> Found:
    """Raises NotFound. By its hash in an index: the time of a search says nothing about the tokens that there are."""
    row = (await session.execute(_FIND, {"hash": hash_of(token)})).one_or_none()
    if row is None:
        raise NotFound("There is no such invitation. Check that the link is complete.")
    return Found._make(row)


def require_open(invitation: Found) -> None:
    """Raises Gone, with the reason."""
    if invitation.withdrawn_at is not None or not (invitation.inviter_is_owner and invitation.inviter_is_active):
        raise Gone("This invitation was withdrawn. Ask the project's owner for a new one.")
    if invitation.uses >= invitation.max_uses:
        raise Gone("This invitation has been used. Ask the project's owner for a new one.")
    if invitation.expires_at <= now():
        raise Gone("This invitation has expired. Ask the project's owner for a new one.")


_FIND = (
    select(
        INVITATION.c.id,
        INVITATION.c.project_id,
        INVITATION.c.role,
        INVITATION.c.email,
        INVITATION.c.max_uses,
        INVITATION.c.uses,
        INVITATION.c.created_by,
        INVITATION.c.expires_at,
        INVITATION.c.withdrawn_at,
        PROJECT.c.name.label("project_name"),
        USER.c.name.label("inviter_name"),
        USER.c.is_active.label("inviter_is_active"),
        (PROJECT.c.owner_id == INVITATION.c.created_by).label("inviter_is_owner"),
    )
    .join_from(INVITATION, PROJECT, PROJECT.c.id == INVITATION.c.project_id)
    .join(USER, USER.c.id == INVITATION.c.created_by)
    .where(INVITATION.c.token_hash == bindparam("hash"))
)
