"""People: who acts behind a request or a socket, and how somebody becomes one of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import user_channel
from roomful.db.base import now
from roomful.db.statement import PART, Statement, full_parts
from roomful.errors import Conflict, Unauthenticated
from roomful.eventlog import log
from roomful.identity.models import SIGN_IN, USER, User
from roomful.identity.tokens import AccessClaims


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
    row = await _PERSON.one_or_none(session, named_by(claims))
    if row is None:
        raise Unauthenticated
    return person_of(row, claims)


async def names_of(session: AsyncSession, acting: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """`identify` for many at once, each as person and sign-in: the names of those who are active and signed in."""
    wanted = set(acting)
    found: dict[tuple[str, str], str] = {}
    for part in full_parts([sign_in for _, sign_in in wanted]):
        parameters = {f"sign_in_{place}": sign_in for place, sign_in in enumerate(part)}
        rows = await _NAMES.all(session, {**parameters, "at": now()})
        found.update({(row.person_id, row.sign_in_id): row.person_name for row in rows})
    return {key: name for key, name in found.items() if key in wanted}


# `identify` in a query for something else, which it saves a trip of its own.
PERSON = (
    USER.c.id.label("person_id"),
    USER.c.email.label("person_email"),
    USER.c.name.label("person_name"),
    USER.c.role.label("person_role"),
)
"""The columns that `person_of` reads."""
STANDS = (USER.c.is_active.is_(True), SIGN_IN.c.revoked_at.is_(None), SIGN_IN.c.expires_at > bindparam("at"))
IS_SIGNED_IN = (
    SIGN_IN.c.id == bindparam("sign_in"),
    SIGN_IN.c.user_id == USER.c.id,
    USER.c.id == bindparam("person"),
    *STANDS,
)
"""That the person's account and the sign-in stand which `named_by` names."""


def named_by(claims: AccessClaims) -> dict[str, object]:
    """The parameters of IS_SIGNED_IN."""
    return {"sign_in": claims.session_id, "person": claims.user_id, "at": now()}


def person_of(row: Any, claims: AccessClaims) -> Person:
    return Person(row.person_id, row.person_email, row.person_name, row.person_role, claims.session_id)


_NAMES = Statement(
    select(USER.c.id.label("person_id"), SIGN_IN.c.id.label("sign_in_id"), USER.c.name.label("person_name")).where(
        SIGN_IN.c.id.in_([bindparam(f"sign_in_{n}") for n in range(PART)]),
        SIGN_IN.c.user_id == USER.c.id,
        *STANDS,
    )
)
_PERSON = Statement(select(*PERSON).where(*IS_SIGNED_IN))


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
