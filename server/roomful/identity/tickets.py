"""Tickets, which stand in for an access token in the address of a socket or stream."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import now
from roomful.identity.models import SignIn, Ticket
from roomful.identity.tokens import AccessClaims, TokenInvalid

TICKET_TTL_SECONDS = 30
_TICKET_BYTES = 32


async def issue_ticket(session: AsyncSession, claims: AccessClaims) -> str:
    """Make a ticket that is good once, for TICKET_TTL_SECONDS, on every node. It grants what the access token does."""
    ticket = secrets.token_urlsafe(_TICKET_BYTES)
    session.add(
        Ticket(
            hash=_hash(ticket),
            sign_in_id=claims.session_id,
            access_expires_at=datetime.fromtimestamp(claims.expires_at, UTC),
            expires_at=now() + timedelta(seconds=TICKET_TTL_SECONDS),
        )
    )
    await session.flush()
    return ticket


async def is_ticket_good(session: AsyncSession, ticket: str) -> bool:
    """Whether a ticket may be redeemed now. Without a lock: a flood of wrong ones keeps no writer waiting."""
    good = select(Ticket.hash).where(Ticket.hash == _hash(ticket), Ticket.expires_at > now())
    return await session.scalar(good) is not None


async def redeem_ticket(session: AsyncSession, ticket: str) -> AccessClaims:
    """The claims of the access token that a ticket stands for. Commit before you use them: a ticket works once.

    Raises TokenInvalid. Then call `identify`, as for a token.
    """
    hashed = _hash(ticket)
    found = await session.execute(
        select(SignIn.user_id, SignIn.id, Ticket.access_expires_at)
        .join(SignIn, SignIn.id == Ticket.sign_in_id)
        .where(Ticket.hash == hashed, Ticket.expires_at > now(), SignIn.revoked_at.is_(None))
    )
    row = found.one_or_none()
    if row is None:
        raise TokenInvalid
    # The delete decides: of two requests at once, the second waits for the first's row lock and deletes nothing.
    spent = await session.execute(delete(Ticket).where(Ticket.hash == hashed).returning(Ticket.hash))
    if spent.one_or_none() is None:
        raise TokenInvalid
    return AccessClaims(row.user_id, row.id, int(row.access_expires_at.timestamp()))


def _hash(ticket: str) -> str:
    return hashlib.sha256(ticket.encode("utf-8", "surrogatepass")).hexdigest()
