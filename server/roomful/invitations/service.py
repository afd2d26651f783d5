"""Invitations as their project's owner handles them: made, listed, withdrawn."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import UtcDateTime, now
from roomful.errors import NotFound
from roomful.ids import new_id
from roomful.invitations.mail_quota import MailQuota
from roomful.invitations.models import INVITATION, IS_OPEN
from roomful.invitations.models import Invitation as InvitationRow
from roomful.invitations.schemas import Invitation, InvitationWithUrl, NewInvitation
from roomful.invitations.tokens import InvitationTokens, hash_of
from roomful.projects.access import Access
from roomful.web.pagination import Keyset, PageRequest

KEPT_AFTER_EXPIRY = timedelta(days=30)
"""So long a link says that it has expired, was used or withdrawn; later, that it never was."""
PURGE_BATCH = 1_000
_NEWEST_FIRST = Keyset((InvitationRow.id,), descending=True)


async def invite(
    session: AsyncSession,
    access: Access,
    new: NewInvitation,
    tokens: InvitationTokens,
    *,
    mail_quota: MailQuota | None,
    network: str,
) -> InvitationWithUrl:
    """Make an invitation, and have it mailed if it names an address and there is a quota of mails: without one, this
    server sends none. `network` is where the request came from.

    Raises Conflict in an archived project, LimitReached, RateLimited.
    """
    access.require_active()
    count = await session.execute(_COUNT_OPEN, {"project": access.project.id, "at": now()})
    access.quotas.require_invitation(count.scalar_one())
    if mail_quota is not None and new.email is not None:
        await mail_quota.count(session, inviter_id=access.person.id, network=network, email=new.email)
    return await save(session, access.project.id, access.person.id, new, tokens, sends_mail=mail_quota is not None)


async def save(
    session: AsyncSession,
    project_id: str,
    inviter_id: str,
    new: NewInvitation,
    tokens: InvitationTokens,
    *,
    sends_mail: bool,
) -> InvitationWithUrl:
    """Store an invitation in the name of the project's owner, without counting it. The project is locked."""
    at = now()
    is_mailed = sends_mail and new.email is not None
    id_ = new_id()
    token = tokens.issue(id_)
    invitation = InvitationWithUrl(
        id=id_,
        role=new.role,
        email=new.email,
        max_uses=new.max_uses,
        uses=0,
        created_by=inviter_id,
        created_at=at,
        expires_at=at + timedelta(seconds=new.expires_in),
        mail="waiting" if is_mailed else None,
        url=tokens.url(token),
    )
    values = invitation.model_dump(exclude={"url", "mail"}) | {
        "project_id": project_id,
        "token_hash": hash_of(token),
        "mail_status": invitation.mail,
        "mail_due_at": at if is_mailed else None,
    }
    await session.execute(_INSERT, values)
    return invitation


async def list_open(session: AsyncSession, access: Access, page: PageRequest) -> Sequence[Invitation]:
    """Those of the owner's invitations that still admit somebody, newest first."""
    is_mine = (InvitationRow.project_id == access.project.id, InvitationRow.created_by == access.person.id)
    statement = select(InvitationRow).where(*is_mine, *IS_OPEN).params(at=now())
    return [_describe(row) for (row,) in await page.fetch(session, statement, _NEWEST_FIRST)]


async def withdraw(session: AsyncSession, access: Access, invitation_id: str) -> None:
    """Raises NotFound for one that is not of this project, or was withdrawn."""
    asked = {"invitation": invitation_id, "project": access.project.id, "at": now()}
    if (await session.execute(_WITHDRAW, asked)).one_or_none() is None:
        raise NotFound


async def purge(session: AsyncSession) -> int:
    """Delete invitations long after they have expired, at most PURGE_BATCH; the number deleted."""
    deleted = await session.execute(_PURGE, {"before": now() - KEPT_AFTER_EXPIRY})
    return len(deleted.all())


def _describe(row: InvitationRow) -> Invitation:
    return Invitation(
        id=row.id,
        role=row.role,
        email=row.email,
        max_uses=row.max_uses,
        uses=row.uses,
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        mail=row.mail_status,
    )


_INSERT = insert(INVITATION)
_COUNT_OPEN = select(func.count()).where(INVITATION.c.project_id == bindparam("project"), *IS_OPEN)
_WITHDRAW = (
    update(INVITATION)
    .where(
        INVITATION.c.id == bindparam("invitation"),
        INVITATION.c.project_id == bindparam("project"),
        INVITATION.c.withdrawn_at.is_(None),
    )
    .values(withdrawn_at=bindparam("at", type_=UtcDateTime), mail_due_at=None)
    .returning(INVITATION.c.id)
)
_PURGE = (
    delete(INVITATION)
    .where(
        INVITATION.c.id.in_(
            select(INVITATION.c.id)
            .where(INVITATION.c.expires_at < bindparam("before", type_=UtcDateTime))
            .order_by(INVITATION.c.expires_at)
            .limit(PURGE_BATCH)
        )
    )
    .returning(INVITATION.c.id)
)
