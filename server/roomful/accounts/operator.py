"""People and tokens for the operator, who needs no password to act."""

from collections.abc import AsyncIterator
from datetime import timedelta

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.accounts.schemas import NewPassword, Registration
from roomful.db.engine import Database
from roomful.email_address import contested, known_email, normal_email
from roomful.errors import Conflict, Invalid, NotFound
from roomful.identity import revocations
from roomful.identity.guessable import check_not_own
from roomful.identity.models import User
from roomful.identity.passwords import Passwords
from roomful.identity.people import add_person
from roomful.identity.sign_ins import start_sign_in
from roomful.identity.tokens import LEEWAY_SECONDS, Tokens

MAX_TOKEN_TTL_SECONDS = 10 * 366 * 86_400
_ROWS_AT_ONCE = 200
_NEW_PASSWORD: TypeAdapter[str] = TypeAdapter(NewPassword)


async def create_user(
    database: Database, passwords: Passwords, *, email: str, name: str | None, password: str, is_admin: bool = False
) -> User:
    """Make a person, whether or not registration is open. Without a name they are called by their address.

    Raises Invalid, and Conflict when the address is taken.
    """
    try:
        registration = Registration(email=email, name=name or email.partition("@")[0][:100], password=password)
    except ValidationError as invalid:
        raise Invalid(
            "; ".join(f"{error['loc'][0]} {error['msg'].removeprefix('Value error, ')}" for error in invalid.errors())
        ) from None
    password_hash = await passwords.hash(registration.password)
    async with database.write() as session:
        user = await add_person(
            session,
            email=registration.email,
            name=registration.name,
            password_hash=password_hash,
            role="admin" if is_admin else "user",
            email_verified=True,
        )
        await session.commit()
    return user


async def list_users(session: AsyncSession, *, conflicts: bool = False) -> AsyncIterator[User]:
    """Everybody, in order of registration; or only those whose address belongs to an older account (`unclaimed`)."""
    rows = await session.stream_scalars(select(User).order_by(User.id).execution_options(yield_per=_ROWS_AT_ONCE))
    async for user in rows:
        if not conflicts or contested(user.email) is not None:
            yield user


async def change_address(session: AsyncSession, user: User, email: str) -> None:
    """Give a person another address. The caller commits. Raises Invalid, and Conflict when the address is taken."""
    try:
        address = normal_email(email)
    except ValueError as wrong:
        raise Invalid(f"{email} {wrong}") from None
    user.email, user.email_verified = address, True
    try:
        await session.flush()
    except IntegrityError:
        raise Conflict(f"Somebody is registered as {address}.") from None


async def find_user(session: AsyncSession, email: str) -> User:
    """Raises NotFound."""
    address = known_email(email)
    user = None if address is None else await session.scalar(select(User).where(User.email == address))
    if user is None:
        raise NotFound(f"Nobody is registered as {email}.")
    return user


async def set_password(session: AsyncSession, user: User, password: str, password_hash: str) -> None:
    """Give a person another password, and end all their sign-ins. The caller commits.

    Takes effect for people of the identity provider too, who had none. Raises Invalid for their own address or name.
    """
    try:
        check_not_own(password, email=user.email, name=user.name)
    except ValueError as wrong:
        raise Invalid(f"password {wrong}") from None
    await session.execute(update(User).where(User.id == user.id).values(password_hash=password_hash))
    await revocations.sign_out(session, user.id)


def check_password(password: str) -> str:
    """Raises Invalid for one that nobody may choose."""
    try:
        return _NEW_PASSWORD.validate_python(password)
    except ValidationError as invalid:
        raise Invalid(f"password {invalid.errors()[0]['msg'].removeprefix('Value error, ')}") from None


async def issue_token(session: AsyncSession, tokens: Tokens, user: User, *, ttl_seconds: int | None = None) -> str:
    """An access token with a session of its own, which its person sees in their list and can end. The caller commits.

    Raises Invalid for a time to live of less than a second or more than ten years.
    """
    seconds = tokens.access_ttl_seconds if ttl_seconds is None else ttl_seconds
    if not 1 <= seconds <= MAX_TOKEN_TTL_SECONDS:
        raise Invalid(f"A token lives for 1 to {MAX_TOKEN_TTL_SECONDS} seconds.")
    lifetime = timedelta(seconds=seconds + LEEWAY_SECONDS)
    sign_in = await start_sign_in(session, user.id, ttl=lifetime, user_agent="roomful token")
    return tokens.issue(user.id, sign_in.id, ttl_seconds=seconds)
