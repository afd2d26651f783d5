"""The signed-in person behind a request or a socket."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.db.base import now
from server.errors import Unauthenticated
from server.identity.models import SignIn, User
from server.identity.tokens import AccessClaims


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts, as the database knows them now. `session_id` is the sign-in they act by."""

    id: str
    email: str
    name: str
    role: Literal["admin", "user"]
    session_id: str


async def identify(session: AsyncSession, claims: AccessClaims) -> Person:
    """The active person of a verified access token whose sign-in still stands.

    Raises Unauthenticated: a token outlives neither its sign-in nor its person's account.
    """
    row = (await session.execute(_PERSON, {"sid": claims.session_id, "sub": claims.user_id, "at": now()})).one_or_none()
    if row is None:
        raise Unauthenticated
    return Person(row.id, row.email, row.name, row.role, claims.session_id)


_PERSON = (
    select(User.id, User.email, User.name, User.role)
    .join(SignIn, SignIn.user_id == User.id)
    .where(
        SignIn.id == bindparam("sid"),
        User.id == bindparam("sub"),
        User.is_active.is_(True),
        SignIn.revoked_at.is_(None),
        SignIn.expires_at > bindparam("at", type_=SignIn.expires_at.type),
    )
)
