"""Refresh tokens: derived from their sign-in, stored nowhere."""

import base64
import binascii
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import now
from roomful.identity.models import SignIn
from roomful.identity.revocations import revoke
from roomful.identity.tokens import TokenInvalid

GRACE_SECONDS = 60

# A key of its own: nothing that the signing key signs for another purpose can pass for a refresh token.
_LABEL = b"roomful refresh token, version 1"
_GENERATION_BYTES = 4
_TOKEN_LENGTH = 70  # base64 of 16 + 4 + 32 bytes, without padding


@dataclass(frozen=True, slots=True)
class Renewed:
    """The refresh token was good; `refresh_token` is the next one."""

    user_id: str
    session_id: str
    refresh_token: str


@dataclass(frozen=True, slots=True)
class NotRenewed:
    """The refresh token was not good. A reused one has revoked its sign-in, `revoked_session_id`."""

    revoked_session_id: str | None = None


class RefreshTokens:
    """Makes and reads refresh tokens: base64url(sign-in id, generation, HMAC-SHA256 of both).

    Each rotation makes the next generation the only good one. A leaked database holds no token, and a
    retry gets the same answer again.
    """

    def __init__(self, key: str, *, ttl_seconds: int, clock: Callable[[], datetime] = now) -> None:
        self._key = hmac.digest(key.encode(), _LABEL, "sha256")
        self.ttl = timedelta(seconds=ttl_seconds)
        self.clock = clock

    def issue(self, session_id: str, generation: int) -> str:
        claim = UUID(session_id).bytes + generation.to_bytes(_GENERATION_BYTES)
        return base64.urlsafe_b64encode(claim + hmac.digest(self._key, claim, "sha256")).rstrip(b"=").decode()

    def read(self, token: str) -> tuple[str, int]:
        """The sign-in's id and the generation that a token of ours was made for. Raises TokenInvalid for any other."""
        if len(token) != _TOKEN_LENGTH or not token.isascii():
            raise TokenInvalid
        try:
            octets = base64.urlsafe_b64decode(token + "==")
        except binascii.Error:
            raise TokenInvalid from None
        if len(octets) < 16 + _GENERATION_BYTES:
            raise TokenInvalid
        session_id = str(UUID(bytes=octets[:16]))
        generation = int.from_bytes(octets[16 : 16 + _GENERATION_BYTES])
        if not hmac.compare_digest(self.issue(session_id, generation), token):
            raise TokenInvalid
        return session_id, generation


async def rotate(session: AsyncSession, tokens: RefreshTokens, token: str) -> Renewed | NotRenewed:
    """Exchange a refresh token for the next one. Commit whatever the outcome: a reused token revokes its sign-in.

    The token before the current one still gets the current one, for GRACE_SECONDS after the rotation: two tabs refresh
    at the same moment, or a client asks again because the answer was lost. Later, or with a token older than that, it
    is a copy that somebody else holds, and who of the two is the thief can't be told (RFC 9700, 4.14.2).

    Atomic: of any number of callers with one token, one rotates.
    """
    try:
        session_id, generation = tokens.read(token)
    except TokenInvalid:
        return NotRenewed()
    at = tokens.clock()
    rotated = await session.execute(
        _ROTATE, {"sid": session_id, "presented": generation, "at": at, "until": at + tokens.ttl}
    )
    if (user_id := rotated.scalar_one_or_none()) is not None:
        return Renewed(user_id, session_id, tokens.issue(session_id, generation + 1))

    standing = (await session.execute(_STANDING, {"sid": session_id, "at": at})).one_or_none()
    if standing is None:
        return NotRenewed()
    since_rotation = at - standing.rotated_at
    if generation == standing.generation - 1 and since_rotation <= timedelta(seconds=GRACE_SECONDS):
        return Renewed(standing.user_id, session_id, tokens.issue(session_id, standing.generation))
    await revoke(session, session_id)
    return NotRenewed(revoked_session_id=session_id)


_at = bindparam("at", type_=SignIn.expires_at.type)
_is_standing = (SignIn.id == bindparam("sid"), SignIn.revoked_at.is_(None), SignIn.expires_at > _at)
_ROTATE = (
    update(SignIn)
    .where(*_is_standing, SignIn.generation == bindparam("presented"))
    .values(
        generation=SignIn.generation + 1,
        rotated_at=_at,
        last_used_at=_at,
        expires_at=bindparam("until", type_=SignIn.expires_at.type),
    )
    .returning(SignIn.user_id)
    .execution_options(synchronize_session=False)
)
_STANDING = select(SignIn.user_id, SignIn.generation, SignIn.rotated_at).where(*_is_standing)
