"""Tokens of an external identity provider, and their people here."""

import hashlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.email_address import normal_email
from roomful.identity.models import EXTERNAL, SignIn, User
from roomful.identity.passwords import UNUSABLE
from roomful.identity.people import add_person
from roomful.identity.provider_keys import ProviderKeys
from roomful.identity.revocations import sign_out
from roomful.identity.tokens import END_OF_TIME, LEEWAY_SECONDS, MAX_TOKEN_BYTES, TokenExpired, TokenInvalid
from roomful.visible_text import has_visible, without_invisible

MAX_SUBJECT_LENGTH = 255  # OpenID Connect Core 1.0, 2
USER_AGENT = "external identity provider"

_MALFORMED = "a claim is malformed"


@dataclass(frozen=True, slots=True)
class ExternalClaims:
    """The claims of a verified token of the provider.

    `external_id` is the hash of issuer and subject; `session_id` is derived from the token, which is a sign-in of its
    own. `email` is None unless the provider has verified it; then `email_problem` says for the log why.
    """

    external_id: str
    session_id: str
    email: str | None
    email_problem: str
    name: str
    expires_at: int


class ExternalTokens:
    """Verifies the provider's tokens, by its published keys and three asymmetric algorithms only.

    No token is good for longer than `max_ttl_seconds` after its issue, whatever it says itself. With `trust_email` an
    address counts as verified where the token doesn't say; one that the token calls unverified never does.
    """

    def __init__(
        self, keys: ProviderKeys, *, issuer: str, audience: str, max_ttl_seconds: int, trust_email: bool = False
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._max_ttl_seconds = max_ttl_seconds
        self._trust_email = trust_email

    async def verify(self, token: str) -> ExternalClaims:
        """Raises TokenExpired for a token that only its age condemns, TokenInvalid for everything else."""
        key = await self._keys.find(_key_id(token))
        if key is None:
            raise TokenInvalid
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                # The key says which algorithm it is for. The header, which the bearer writes, must agree.
                algorithms=[key.algorithm_name],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["sub", "iss", "aud", "iat", "exp"], "enforce_minimum_key_length": True},
            )
        except jwt.ExpiredSignatureError:
            raise TokenExpired("it has expired") from None
        except MemoryError:
            raise  # says nothing about the token
        except Exception as error:
            # As in Tokens.verify: a hostile token raises more than PyJWTError.
            raise TokenInvalid(_reason(error) if _is_well_signed(token, key) else "") from None
        return self._read(token, claims)

    def _read(self, token: str, claims: dict[str, Any]) -> ExternalClaims:
        subject, issued_at, expires_at = claims["sub"], claims["iat"], claims["exp"]
        if not 0 < len(subject) <= MAX_SUBJECT_LENGTH or not _is_time(issued_at) or not _is_time(expires_at):
            raise TokenInvalid(_MALFORMED)
        if issued_at > time.time() + LEEWAY_SECONDS:
            raise TokenInvalid("it was issued in the future")
        expires_at = min(expires_at, issued_at + self._max_ttl_seconds)
        if expires_at < time.time() - LEEWAY_SECONDS:
            raise TokenExpired("it is older than ROOMFUL_REFRESH_TOKEN_TTL")
        email, email_problem = self._verified_email(claims)
        signed, _, _ = token.rpartition(".")  # not the signature: one can be written in several ways
        identity = f"{self._issuer}\n{subject}".encode("utf-8", "surrogatepass")
        return ExternalClaims(
            external_id=hashlib.sha256(identity).hexdigest(),
            session_id=str(UUID(bytes=hashlib.sha256(signed.encode()).digest()[:16])),
            email=email,
            email_problem=email_problem,
            name=_name(claims, email),
            expires_at=int(expires_at),
        )

    def _verified_email(self, claims: dict[str, Any]) -> tuple[str | None, str]:
        """The address and an empty text; or None and the reason."""
        email, verified = claims.get("email"), claims.get("email_verified")
        if not isinstance(email, str):
            return None, "it has no email"
        # Some providers write all claims as text.
        if not (verified is True or verified == "true" or (verified is None and self._trust_email)):
            return None, "its email is not verified; see ROOMFUL_JWT_TRUST_EMAIL"
        try:
            return normal_email(email), ""
        except ValueError:
            return None, "its email is not an address"


async def admit(session: AsyncSession, claims: ExternalClaims) -> str:
    """The id of a token's person; stores the token's sign-in. The caller commits.

    A newcomer is found by their verified address. If an account has it, the account becomes theirs: its password stops
    working and its sessions end, because nobody has checked that its owner has this address. Otherwise a person is
    added, whether or not registration is open.

    Raises TokenInvalid for an unverified newcomer, for a person locked out, and for an address that already belongs to
    another subject. IntegrityError or Conflict: another request did the same at the same moment; try again.
    """
    # The row is locked, so that a person who is locked out at this moment gets no sign-in that outlasts it.
    known = select(User).where(User.external_id == claims.external_id).with_for_update(key_share=True)
    user = await session.scalar(known)
    if user is None:
        user = await _adopt(session, claims)
    if not user.is_active:
        raise TokenInvalid("its person is deactivated")
    if await session.get(SignIn, claims.session_id) is None:
        expires_at = datetime.fromtimestamp(claims.expires_at, UTC) + timedelta(seconds=LEEWAY_SECONDS)
        session.add(
            SignIn(
                id=claims.session_id, user_id=user.id, expires_at=expires_at, user_agent=USER_AGENT, generation=EXTERNAL
            )
        )
        await session.flush()
    return user.id


async def _adopt(session: AsyncSession, claims: ExternalClaims) -> User:
    if claims.email is None:
        raise TokenInvalid(claims.email_problem)
    user = await session.scalar(select(User).where(User.email == claims.email).with_for_update(key_share=True))
    if user is None:
        user = await add_person(session, email=claims.email, name=claims.name, password_hash=UNUSABLE)
    elif user.external_id == claims.external_id:
        return user  # another request was first, between our search by external id and the lock on this row
    elif user.external_id is not None:
        raise TokenInvalid("its email belongs to another subject of the provider")
    elif not user.is_active:
        raise TokenInvalid("its person is deactivated")
    else:
        user.password_hash = UNUSABLE
        await sign_out(session, user.id)
    user.external_id, user.email_verified = claims.external_id, True
    await session.flush()
    return user


def _key_id(token: str) -> str:
    """The id of the key that a token names. Raises TokenInvalid."""
    if len(token) > MAX_TOKEN_BYTES:
        raise TokenInvalid
    try:
        header = jwt.get_unverified_header(token)
    except MemoryError:
        raise
    except Exception:
        raise TokenInvalid from None  # junk of any kind, as in `verify`
    key_id = header.get("kid")
    if not isinstance(key_id, str):
        raise TokenInvalid
    return key_id


def _is_well_signed(token: str, key: jwt.PyJWK) -> bool:
    try:
        jwt.api_jws.decode(token, key.key, algorithms=[key.algorithm_name])
    except Exception:
        return False  # junk of any kind, as in `verify`
    return True


def _reason(error: Exception) -> str:
    match error:
        case jwt.MissingRequiredClaimError():
            return f"it has no {error.claim}"
        case jwt.InvalidIssuerError():
            return "its issuer is not ROOMFUL_JWT_ISSUER"
        case jwt.InvalidAudienceError():
            return "its audience is not ROOMFUL_JWT_AUDIENCE"
        case jwt.ImmatureSignatureError():
            return "it is not valid yet"
    return _MALFORMED


def _is_time(value: object) -> bool:
    # A NumericDate may have a fraction: RFC 7519, 2.
    return type(value) in (int, float) and 0 <= value <= END_OF_TIME - 2 * LEEWAY_SECONDS  # type: ignore[operator]


def _name(claims: dict[str, Any], email: str | None) -> str:
    given = claims.get("name") or claims.get("preferred_username")
    text = given if isinstance(given, str) else (email or "").partition("@")[0]
    printable = "".join(each for each in without_invisible(text) if each.isprintable() or each == " ")
    name = printable.strip()[:100].strip()
    return name if has_visible(name) else "Somebody"
