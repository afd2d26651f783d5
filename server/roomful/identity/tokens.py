"""Access tokens of our own: made, and verified."""

import time
from dataclasses import dataclass
from typing import Any

import jwt
import uuid_utils

LEEWAY_SECONDS = 30
ISSUER = "roomful"
AUDIENCE = "roomful"
ALGORITHM = "HS256"
MAX_TOKEN_BYTES = 8 * 1024
MAX_VERIFIED = 10_000
"""Tokens whose claims are cached until they expire: a signature costs more than a request's SQL."""
END_OF_TIME = 253_402_300_799  # 9999-12-31T23:59:59Z, the last second that a datetime holds


class TokenInvalid(Exception):
    """Not a token that this server accepts. Answers never say why: that would help attackers only.

    The message is for the log: a constant reason where the identity provider signed the token, else empty.
    """


class TokenExpired(TokenInvalid):
    """It was a good token; the client may get a fresh one."""


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """The claims of a verified access token. `expires_at` is seconds since 1970."""

    user_id: str
    session_id: str
    expires_at: int


class Tokens:
    """Makes and verifies access tokens with one key and one algorithm, whatever a token's header asks for."""

    def __init__(self, key: str, *, access_ttl_seconds: int) -> None:
        self._key = key
        self.access_ttl_seconds = access_ttl_seconds
        self._verified: dict[str, AccessClaims] = {}

    def issue(self, user_id: str, session_id: str, *, ttl_seconds: int | None = None) -> str:
        issued_at = int(time.time())
        claims = {
            "typ": "access",
            "sub": user_id,
            "sid": session_id,
            "iat": issued_at,
            "exp": issued_at + (self.access_ttl_seconds if ttl_seconds is None else ttl_seconds),
            "iss": ISSUER,
            "aud": AUDIENCE,
            "jti": str(uuid_utils.uuid7()),
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM)

    def verify(self, token: str) -> AccessClaims:
        """The claims of a token of ours. Never touches network, file or database.

        Raises TokenExpired for a token that only its age condemns, TokenInvalid for everything else, junk of any
        kind included.
        """
        verified = self.verified(token)
        if verified is not None:
            return verified
        claims = self._verify(token)
        if len(self._verified) >= MAX_VERIFIED:
            del self._verified[next(iter(self._verified))]  # the oldest
        self._verified[token] = claims
        return claims

    def verified(self, token: str) -> AccessClaims | None:
        """The cached claims of a good token; None if it was not verified before."""
        claims = self._verified.get(token)
        return claims if claims is not None and time.time() < claims.expires_at else None

    def _verify(self, token: str) -> AccessClaims:
        if len(token) > MAX_TOKEN_BYTES:
            raise TokenInvalid
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                leeway=LEEWAY_SECONDS,
                options={
                    "require": ["sub", "sid", "iat", "exp", "iss", "aud", "jti", "typ"],
                    "strict_aud": True,
                    "enforce_minimum_key_length": True,
                },
            )
        except jwt.ExpiredSignatureError:
            raise TokenExpired from None
        except MemoryError:
            raise  # says nothing about the token
        except Exception:
            # Not only PyJWTError: a lone surrogate or a huge number in a token surfaces as UnicodeError, OverflowError.
            raise TokenInvalid from None
        user_id, session_id, issued_at, expires_at = claims["sub"], claims["sid"], claims["iat"], claims["exp"]
        if claims["typ"] != "access" or not _is_id(user_id) or not _is_id(session_id):
            raise TokenInvalid
        if type(issued_at) is not int or issued_at > time.time() + LEEWAY_SECONDS:
            raise TokenInvalid
        if type(expires_at) is not int or expires_at > END_OF_TIME:
            raise TokenInvalid
        return AccessClaims(user_id, session_id, expires_at)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 64 and value.isascii() and value.isprintable()
