"""Sign-ins, from a password's proof to the row's end."""

from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.db.base import now
from server.identity.models import SignIn, Ticket

USER_AGENT_LENGTH = 200
PURGE_BATCH = 1_000


async def start_sign_in(session: AsyncSession, user_id: str, *, ttl: timedelta, user_agent: str) -> SignIn:
    """Begin a sign-in of a person who has proved who they are."""
    at = now()
    sign_in = SignIn(user_id=user_id, created_at=at, rotated_at=at, last_used_at=at, expires_at=at + ttl)
    sign_in.user_agent = user_agent[:USER_AGENT_LENGTH]
    session.add(sign_in)
    await session.flush()
    return sign_in


async def purge_expired(session: AsyncSession) -> int:
    """Delete the oldest expired tickets and sign-ins, at most PURGE_BATCH of each; the number deleted."""
    at = now()
    tickets = select(Ticket.hash).where(Ticket.expires_at < at).order_by(Ticket.expires_at).limit(PURGE_BATCH)
    sign_ins = select(SignIn.id).where(SignIn.expires_at < at).order_by(SignIn.expires_at).limit(PURGE_BATCH)
    spent = await session.execute(delete(Ticket).where(Ticket.hash.in_(tickets)).returning(Ticket.hash))
    ended = await session.execute(delete(SignIn).where(SignIn.id.in_(sign_ins)).returning(SignIn.id))
    return len(spent.all()) + len(ended.all())
