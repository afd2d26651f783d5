"""An external identity provider, with keys and tokens of every kind."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from roomful.identity.external import ExternalTokens
from roomful.identity.provider_keys import ProviderKeys

ISSUER, AUDIENCE, ADDRESS = "https://id.example", "roomful-prod", "https://id.example/keys"

MAX_TTL_SECONDS = 86_400

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()


def published(key: PrivateKey, key_id: str, **more: str) -> dict[str, Any]:
    match key:
        case rsa.RSAPrivateKey():
            entry = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        case ec.EllipticCurvePrivateKey():
            entry = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        case _:
            entry = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    entry.pop("key_ops", None)
    return {**entry, "kid": key_id, "use": "sig", **more}


@dataclass
class Provider:
    """An identity provider: its published keys, and the requests for them."""

    keys: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    asked: list[str] = field(default_factory=list)
    seconds: float = 1_000.0

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        return httpx.Response(self.status, json={"keys": self.keys})

    def clock(self) -> float:
        return self.seconds


def token(
    key: PrivateKey | str = RSA_KEY,
    *,
    algorithm: str = "RS256",
    header: dict[str, Any] | None = None,
    without: str = "",
    **changed: Any,
) -> str:
    at = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "subject-1",
        "iat": at,
        "exp": at + 600,
        "email": "Ada@example.org",
        "email_verified": True,
        "name": "Ada Lovelace",
    }
    claims |= changed
    claims.pop(without, None)
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "rsa"} if header is None else header)


def provider_of_three_keys() -> Provider:
    return Provider([published(RSA_KEY, "rsa"), published(EC_KEY, "ec"), published(ED_KEY, "ed")])


@asynccontextmanager
async def tokens_of(provider: Provider, *, trust_email: bool = False) -> AsyncIterator[ExternalTokens]:
    """The verifier of a server that trusts this provider."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(provider.answer)) as client:
        keys = ProviderKeys(ADDRESS, client, clock=provider.clock)
        yield ExternalTokens(
            keys, issuer=ISSUER, audience=AUDIENCE, max_ttl_seconds=MAX_TTL_SECONDS, trust_email=trust_email
        )
