"""Accounts: registration, sign-in, profile.

Functions that hash a password open database sessions before and after: none is held while they hash.
"""

import logging
from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.accounts.schemas import ProfileChanges, Registration, SessionAnswer, TokenAnswer, UserAnswer
from roomful.db.base import now
from roomful.email_address import known_email, normal_email
from roomful.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from roomful.identity.guessable import check_not_own
from roomful.identity.models import SignIn, User
from roomful.identity.people import Person, add_person
from roomful.identity.refresh import NotRenewed, rotate
from roomful.identity.revocations import revoke, sign_out
from roomful.identity.sign_ins import start_sign_in
from roomful.identity.tokens import TokenInvalid
from roomful.invitations import joining, standing
from roomful.invitations.joining import Guest
from roomful.projects import renames
from roomful.projects.quotas import Quotas
from roomful.runtime import Runtime
from roomful.web.pagination import Keyset, PageRequest

logger = logging.getLogger(__name__)

_NEWEST_FIRST = Keyset((SignIn.created_at, SignIn.id), descending=True)
_WRONG_CREDENTIALS = "The e-mail address or the password is wrong."
_REFRESH_REFUSED = "The refresh token is wrong, used or expired; sign in again."


async def register(runtime: Runtime, registration: Registration, *, address: str, user_agent: str) -> TokenAnswer:
    """Make a person, and sign them in. `address` is where the request came from.

    With an invitation they join its project in the same transaction: so that one which admits one person makes no more
    than one account.

    Raises Forbidden where registration is not open, Conflict for a known e-mail, Unavailable where too many register,
    and what `joining.accept` raises, with Forbidden for an unknown invitation.
    """
    token = registration.invitation
    _require_open(runtime.settings.registration, is_invited=token is not None)
    if token is not None:  # before the password is hashed, which costs more than anything else here
        async with runtime.database.read() as session:
            await _require_invitation(session, token, registration.email)
    password_hash = await runtime.passwords.hash(registration.password, address=address)
    async with runtime.transaction() as session:
        user = await add_person(session, email=registration.email, name=registration.name, password_hash=password_hash)
        if token is not None:
            await joining.accept(session, token, Guest(user.id, user.email), Quotas.of(runtime.settings))
        return await _grant(runtime, session, user, user_agent)


async def sign_in(runtime: Runtime, username: str, password: str, *, address: str, user_agent: str) -> TokenAnswer:
    """Begin a session by e-mail address and password. `address` is where the request came from.

    Raises Unauthenticated: the same, after the same time, whether the e-mail is unknown, the password wrong or the
    person locked out; Unavailable where too many sign in.
    """
    while True:
        known = await _find_by_email(runtime, username)
        verdict = await runtime.passwords.check(password, known.password_hash if known else None, address=address)
        if known is None or not verdict.is_right or not known.is_active:
            raise Unauthenticated(_WRONG_CREDENTIALS)
        async with runtime.transaction() as session:
            user = await _lock_user(session, known.id)
            if not user.is_active:
                raise Unauthenticated(_WRONG_CREDENTIALS)
            # A changed password has ended all sessions by now; one made by the old password must not follow.
            if user.password_hash == known.password_hash:
                user.password_hash = verdict.new_hash or user.password_hash
                return await _grant(runtime, session, user, user_agent)


def signed_in_by(runtime: Runtime, refresh_token: str) -> str:
    """The id of a refresh token's session. Raises Unauthenticated for a malformed token."""
    try:
        session_id, _ = runtime.refresh_tokens.read(refresh_token)
    except TokenInvalid:
        raise Unauthenticated(_REFRESH_REFUSED) from None
    return session_id


async def refresh(runtime: Runtime, refresh_token: str) -> TokenAnswer:
    """New tokens for a refresh token (identity.refresh says which ones are good). Raises Unauthenticated."""
    async with runtime.transaction() as session:
        outcome = await rotate(session, runtime.refresh_tokens, refresh_token)
        if not isinstance(outcome, NotRenewed):
            user = await session.get_one(User, outcome.user_id)
            access_token = runtime.tokens.issue(user.id, outcome.session_id)
            return _token_answer(runtime, user, access_token, outcome.refresh_token)
    if outcome.revoked_session_id is not None:
        logger.warning(
            "an old refresh token came back; its session is revoked", extra={"session_id": outcome.revoked_session_id}
        )
    raise Unauthenticated(_REFRESH_REFUSED)


async def get_user(session: AsyncSession, person: Person) -> User:
    return await session.get_one(User, person.id)


async def change_profile(runtime: Runtime, person: Person, changes: ProfileChanges) -> User:
    """Change the person's name or password. A new password ends their other sessions.

    Raises Forbidden when the current password is wrong, Conflict when somebody changed it meanwhile.
    """
    old_hash = new_hash = None
    if changes.password:
        _require_not_own(changes.password, person)
        old_hash = await _prove_password(runtime, person, changes.current_password)
        new_hash = await runtime.passwords.hash(changes.password, address=person.id)
    async with runtime.transaction() as session:
        user = await _lock_user(session, person.id)
        is_renamed = bool(changes.name) and changes.name != user.name
        if is_renamed:
            await renames.mark(session, person.id, user.name)
            user.name = changes.name
            await session.flush()
        if new_hash is not None:
            if user.password_hash != old_hash:
                raise Conflict("The password has been changed from elsewhere in the meantime.")
            user.password_hash = new_hash
            await session.flush()
            await sign_out(session, person.id, kept_session_id=person.session_id)
    if is_renamed:
        await renames.tell_projects(runtime, person.id)
    return user


async def list_sessions(session: AsyncSession, person: Person, page: PageRequest) -> list[SessionAnswer]:
    """The person's sessions that stand, newest first."""
    standing = select(SignIn).where(SignIn.user_id == person.id, SignIn.revoked_at.is_(None), SignIn.expires_at > now())
    return [
        SessionAnswer(
            id=row.id,
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            user_agent=row.user_agent,
            current=row.id == person.session_id,
        )
        for (row,) in await page.fetch(session, standing, _NEWEST_FIRST)
    ]


async def end_session(session: AsyncSession, person: Person, session_id: str) -> None:
    """End one of the person's sessions. Raises NotFound for one that is not theirs, or has ended."""
    own = await session.scalar(
        select(SignIn.id).where(SignIn.id == session_id, SignIn.user_id == person.id, SignIn.expires_at > now())
    )
    if own is None or not await revoke(session, session_id):
        raise NotFound


def _require_open(registration: Literal["open", "invited", "closed"], *, is_invited: bool) -> None:
    match registration:
        case "closed":
            raise Forbidden("Registration is closed on this server; ask its operator for an account.")
        case "invited" if not is_invited:
            raise Forbidden("Registration on this server needs an invitation: ask a project's owner for one.")


async def _require_invitation(session: AsyncSession, token: str, email: str) -> None:
    """Raises Forbidden, Gone."""
    try:
        invitation = await standing.find(session, token)
    except NotFound as unknown:
        raise Forbidden(unknown.message) from None
    standing.require_open(invitation)
    joining.require_address(invitation, email)


def address_of(username: str) -> str | None:
    """The e-mail address in its one form; None for one that no account can have."""
    try:
        return normal_email(username)
    except ValueError:
        return None


async def _find_by_email(runtime: Runtime, username: str) -> User | None:
    email = known_email(username)
    if email is None:
        return None
    async with runtime.database.read() as session:
        return await session.scalar(select(User).where(User.email == email))


async def _lock_user(session: AsyncSession, user_id: str) -> User:
    # FOR NO KEY UPDATE: rows that merely refer to the person can still be written.
    return await session.get_one(User, user_id, with_for_update={"key_share": True}, populate_existing=True)


async def _prove_password(runtime: Runtime, person: Person, password: str) -> str:
    """The stored hash, which this password fits. Raises Forbidden."""
    async with runtime.database.read() as session:
        stored_hash = (await session.get_one(User, person.id)).password_hash
    verdict = await runtime.passwords.check(password, stored_hash, address=person.id)
    if not verdict.is_right:
        raise Forbidden("The current password is wrong.")
    return stored_hash


def _require_not_own(password: str, person: Person) -> None:
    try:
        check_not_own(password, email=person.email, name=person.name)
    except ValueError as wrong:
        details = [{"field": "password", "message": str(wrong), "type": "value_error"}]
        raise Invalid(details=details) from None


async def _grant(runtime: Runtime, session: AsyncSession, user: User, user_agent: str) -> TokenAnswer:
    sign_in = await start_sign_in(
        session,
        user.id,
        ttl=runtime.refresh_tokens.ttl,
        user_agent=user_agent,
        most=runtime.settings.max_sign_ins_per_user,
    )
    access_token = runtime.tokens.issue(user.id, sign_in.id)
    return _token_answer(runtime, user, access_token, runtime.refresh_tokens.issue(sign_in.id, sign_in.generation))


def _token_answer(runtime: Runtime, user: User, access_token: str, refresh_token: str) -> TokenAnswer:
    return TokenAnswer(
        access_token=access_token,
        expires_in=runtime.tokens.access_ttl_seconds,
        refresh_token=refresh_token,
        user=UserAnswer.model_validate(user),
    )
