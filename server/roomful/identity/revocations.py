"""Revocations: sign-ins that end before their time, on every node at once.

Each is an event in the log's channel ACCESS_CHANNEL, written in the transaction that ends the sign-ins. The gateway of
every node follows that channel and closes the sockets concerned (roomful.gateway.revocation).
"""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import ACCESS_CHANNEL
from roomful.db.base import now
from roomful.eventlog import log
from roomful.eventlog.log import EventData
from roomful.eventlog.typed_event import TypedEvent
from roomful.identity.events import SessionRevoked, UserDeactivated, UserSignedOut
from roomful.identity.models import SignIn, User


async def revoke(session: AsyncSession, session_id: str) -> bool:
    """End one sign-in. Idempotent; False if it had ended."""
    user_id = (
        await session.execute(
            update(SignIn)
            .where(SignIn.id == session_id, SignIn.revoked_at.is_(None))
            .values(revoked_at=now())
            .returning(SignIn.user_id)
            .execution_options(synchronize_session=False)
        )
    ).scalar_one_or_none()
    if user_id is None:
        return False
    await _append(session, SessionRevoked(user_id=user_id, session_id=session_id))
    return True


async def sign_out(session: AsyncSession, user_id: str, *, kept_session_id: str | None = None) -> None:
    """End every sign-in of a person but `kept_session_id`."""
    await _revoke_all(session, user_id, kept_session_id)
    await _append(session, UserSignedOut(user_id=user_id, kept_session_id=kept_session_id))


async def deactivate(session: AsyncSession, user_id: str) -> None:
    """Lock a person out: end every sign-in, and allow no new one. Idempotent."""
    await session.execute(
        update(User).where(User.id == user_id).values(is_active=False).execution_options(synchronize_session=False)
    )
    await _revoke_all(session, user_id, None)
    await _append(session, UserDeactivated(user_id=user_id))


async def activate(session: AsyncSession, user_id: str) -> None:
    """Let a person sign in again. Ended sign-ins stay ended. Idempotent."""
    await session.execute(
        update(User).where(User.id == user_id).values(is_active=True).execution_options(synchronize_session=False)
    )


async def _revoke_all(session: AsyncSession, user_id: str, kept_session_id: str | None) -> None:
    doomed = update(SignIn).where(SignIn.user_id == user_id, SignIn.revoked_at.is_(None))
    if kept_session_id is not None:
        doomed = doomed.where(SignIn.id != kept_session_id)
    await session.execute(doomed.values(revoked_at=now()).execution_options(synchronize_session=False))


async def _append(session: AsyncSession, event: TypedEvent) -> None:
    await log.append(session, ACCESS_CHANNEL, EventData.of(event, actor_id=None))
