"""Sign-ins, from a password's proof to the row's end."""

from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import now
from roomful.identity.models import EXTERNAL, SignIn, Ticket
from roomful.identity.revocations import revoke

USER_AGENT_LENGTH = 200
PURGE_BATCH = 1_000
END_BATCH = 20
"""Sign-ins ended for one that begins: more than one where the quota was lowered."""
ENDED_KEPT_FOR = timedelta(hours=1)
"""How long the row of a revoked sign-in stays."""


async def start_sign_in(
    session: AsyncSession, user_id: str, *, ttl: timedelta, user_agent: str, most: int = 0
) -> SignIn:
    """Begin a sign-in of a person whose password or token was right.

    If they have `most` already (0: any number), those unused for longest end.
    """
    at = now()
    sign_in = SignIn(user_id=user_id, created_at=at, rotated_at=at, last_used_at=at, expires_at=at + ttl)
    sign_in.user_agent = user_agent[:USER_AGENT_LENGTH]
    session.add(sign_in)
    await session.flush()
    if most:
        await end_oldest(session, user_id, kept=most)
    return sign_in


async def end_oldest(session: AsyncSession, user_id: str, *, kept: int) -> None:
    """End a person's sign-ins that were unused for longest, and keep the others."""
    at = now()
    standing = select(SignIn.id).where(SignIn.user_id == user_id, SignIn.revoked_at.is_(None), SignIn.expires_at > at)
    newest_first = standing.order_by(SignIn.last_used_at.desc(), SignIn.id.desc())
    for session_id in (await session.scalars(newest_first.offset(kept).limit(END_BATCH))).all():
        await revoke(session, session_id)


async def purge_expired(session: AsyncSession) -> int:
    """Delete the oldest tickets and sign-ins that are over, at most PURGE_BATCH of each kind; the number deleted."""
    at = now()
    tickets = select(Ticket.hash).where(Ticket.expires_at < at).order_by(Ticket.expires_at).limit(PURGE_BATCH)
    sign_ins = select(SignIn.id).where(SignIn.expires_at < at).order_by(SignIn.expires_at).limit(PURGE_BATCH)
    spent = await session.execute(delete(Ticket).where(Ticket.hash.in_(tickets)).returning(Ticket.hash))
    ended = await session.execute(delete(SignIn).where(SignIn.id.in_(sign_ins)).returning(SignIn.id))
    # Without the row that ended its sign-in, an external token would begin it again.
    revoked = select(SignIn.id).where(SignIn.revoked_at < at - ENDED_KEPT_FOR, SignIn.generation != EXTERNAL)
    oldest_revoked = revoked.order_by(SignIn.revoked_at).limit(PURGE_BATCH)
    signed_out = await session.execute(delete(SignIn).where(SignIn.id.in_(oldest_revoked)).returning(SignIn.id))
    return len(spent.all()) + len(ended.all()) + len(signed_out.all())
