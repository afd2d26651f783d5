"""People: who acts behind a request or a socket, and how somebody becomes one of them."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.db.base import now
from server.errors import Conflict, Unauthenticated
from server.eventlog import log
from server.identity.models import SignIn, User
from server.identity.tokens import AccessClaims

EMAIL_LENGTH = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets


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


async def add_person(
    session: AsyncSession, *, email: str, name: str, password_hash: str, role: Literal["admin", "user"] = "user"
) -> User:
    """Make a person, with the channel of their own notifications. Raises Conflict when the address is taken."""
    person = User(email=email, name=name, password_hash=password_hash, role=role)
    session.add(person)
    try:
        await session.flush()
    except IntegrityError:
        raise Conflict("Somebody is registered with this e-mail address.") from None
    await log.open_channel(session, own_channel(person.id))
    return person


def own_channel(user_id: str) -> str:
    """The channel of one person's notifications."""
    return f"user:{user_id}"


def normal_email(text: str) -> str:
    """An address as it is stored and looked up. Raises ValueError.

    Only what can't be an address is refused: whether mail arrives is not for a pattern to say, and on a private
    network `ada@localhost` is a good one.
    """
    address = text.strip().lower()
    local, _, domain = address.partition("@")
    if not local or not domain or "@" in domain or " " in address or not address.isprintable():
        raise ValueError("must be an e-mail address such as ada@example.org")
    if len(address) > EMAIL_LENGTH:
        raise ValueError(f"must be at most {EMAIL_LENGTH} characters long")
    return address
