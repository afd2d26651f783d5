"""People: identified by their sign-in, and added."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import user_channel
from roomful.db.base import now
from roomful.db.parts import full_parts
from roomful.errors import Conflict, Unauthenticated
from roomful.eventlog import log
from roomful.identity.models import SIGN_IN, USER, User
from roomful.identity.tokens import AccessClaims


@dataclass(frozen=True, slots=True)
class Person:
    """The person behind a request or socket, as the database has them now. `session_id` is their sign-in."""

    id: str
    email: str
    name: str
    role: Literal["admin", "user"]
    session_id: str


async def identify(session: AsyncSession, claims: AccessClaims) -> Person:
    """The active person of a verified access token whose sign-in still stands.

    Raises Unauthenticated: a token outlives neither its sign-in nor its person's account.
    """
    row = (await session.execute(_PERSON, named_by(claims))).one_or_none()
    if row is None:
        raise Unauthenticated
    return Person(*row, session_id=claims.session_id)


async def names_of(session: AsyncSession, acting: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """`identify` for many at once, each as person and sign-in: the names of those who are active and signed in."""
    wanted = set(acting)
    found: dict[tuple[str, str], str] = {}
    for part in full_parts([sign_in for _, sign_in in wanted]):
        rows = await session.execute(_NAMES, {"sign_ins": part, "at": now()})
        found.update({(person, sign_in): name for person, sign_in, name in rows})
    return {key: name for key, name in found.items() if key in wanted}


# For a query about something else that identifies the person in the same trip.
PERSON = (
    USER.c.id.label("person_id"),
    USER.c.email.label("person_email"),
    USER.c.name.label("person_name"),
    USER.c.role.label("person_role"),
)
"""The columns of a Person, in order, without the sign-in."""
STANDS = (USER.c.is_active.is_(True), SIGN_IN.c.revoked_at.is_(None), SIGN_IN.c.expires_at > bindparam("at"))
IS_SIGNED_IN = (
    SIGN_IN.c.id == bindparam("sign_in"),
    SIGN_IN.c.user_id == USER.c.id,
    USER.c.id == bindparam("person"),
    *STANDS,
)
"""Conditions: the account and the sign-in of `named_by` still stand."""


def named_by(claims: AccessClaims) -> dict[str, object]:
    """The parameters of IS_SIGNED_IN."""
    return {"sign_in": claims.session_id, "person": claims.user_id, "at": now()}


_NAMES = select(USER.c.id, SIGN_IN.c.id, USER.c.name).where(
    SIGN_IN.c.id.in_(bindparam("sign_ins", expanding=True)),
    SIGN_IN.c.user_id == USER.c.id,
    *STANDS,
)
_PERSON = select(*PERSON).where(*IS_SIGNED_IN)


async def add_person(
    session: AsyncSession,
    *,
    email: str,
    name: str,
    password_hash: str,
    role: Literal["admin", "user"] = "user",
    email_verified: bool = False,
) -> User:
    """Make a person, with the channel of their own notifications. Raises Conflict when the address is taken."""
    person = User(email=email, name=name, password_hash=password_hash, role=role, email_verified=email_verified)
    session.add(person)
    try:
        await session.flush()
    except IntegrityError:
        raise Conflict("Somebody is registered with this e-mail address.") from None
    await log.open_channel(session, user_channel(person.id))
    return person
