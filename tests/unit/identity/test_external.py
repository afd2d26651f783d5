"""The verifier of an external identity provider's tokens, and its keys."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from roomful.identity.external import ExternalTokens
from roomful.identity.tokens import TokenExpired, TokenInvalid
from tests.support.provider import (
    ADDRESS,
    AUDIENCE,
    EC_KEY,
    ED_KEY,
    MAX_TTL_SECONDS,
    RSA_KEY,
    PrivateKey,
    Provider,
    provider_of_three_keys,
    published,
    token,
    tokens_of,
)


@pytest.fixture
def provider() -> Provider:
    return provider_of_three_keys()


@pytest.fixture
async def external(provider: Provider) -> AsyncIterator[ExternalTokens]:
    async with tokens_of(provider) as external:
        yield external


@pytest.mark.parametrize(
    ("key", "algorithm", "key_id"),
    [(RSA_KEY, "RS256", "rsa"), (EC_KEY, "ES256", "ec"), (ED_KEY, "EdDSA", "ed")],
    ids=["RS256", "ES256", "EdDSA"],
)
async def test_three_signature_algorithms_are_accepted(
    external: ExternalTokens, key: PrivateKey, algorithm: str, key_id: str
) -> None:
    claims = await external.verify(token(key, algorithm=algorithm, header={"kid": key_id}))

    assert (claims.email, claims.name) == ("ada@example.org", "Ada Lovelace")


@pytest.mark.parametrize("aud", [AUDIENCE, [AUDIENCE], ["another", AUDIENCE]], ids=str)
async def test_audience_may_be_one_of_several(external: ExternalTokens, aud: object) -> None:
    await external.verify(token(aud=aud))


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://id.example.evil"},
        {"iss": "roomful"},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": 7},
        {"exp": "later"},
        {"exp": 2**63},
        {"iat": 2**63},
        {"iat": "now"},
        {"iat": time.time() + 86_400},
        {"nbf": time.time() + 86_400},
        {"without": "sub"},
        {"without": "exp"},
        {"without": "iat"},
        {"without": "iss"},
        {"without": "aud"},
        {"header": {}},
        {"header": {"kid": "unknown"}},
        {"header": {"kid": "ec"}},
        {"header": {"kid": "unknown", "jku": "https://evil.example/keys"}},
        {"header": {"kid": "../../dev/null"}},
        {"key": rsa.generate_private_key(public_exponent=65537, key_size=2048)},
        {"key": ec.generate_private_key(ec.SECP256R1()), "algorithm": "ES256", "header": {"kid": "ec"}},
        {"algorithm": "RS512"},
        {"algorithm": "PS256"},
        {"key": "", "algorithm": "none"},
    ],
    ids="-".join,
)
async def test_other_tokens_are_refused(external: ExternalTokens, provider: Provider, changed: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalid) as refused:
        await external.verify(token(**changed))

    assert not isinstance(refused.value, TokenExpired)
    assert set(provider.asked) <= {ADDRESS}


@pytest.mark.parametrize("junk", ["", ".", "a.b.c", "\ud800.a.b", "x" * 100_000, "é.é.é", "W10.W10.W10"], ids=ascii)
async def test_garbage_causes_no_request(external: ExternalTokens, provider: Provider, junk: str) -> None:
    with pytest.raises(TokenInvalid):
        await external.verify(junk)

    assert provider.asked == []


async def test_public_keys_are_not_accepted_as_secrets(external: ExternalTokens) -> None:
    pem = RSA_KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    claims = jwt.decode(token(), options={"verify_signature": False})
    forged = jwt.api_jws.PyJWS()
    for secret in (pem, json.dumps(published(RSA_KEY, "rsa")).encode()):
        try:
            text = forged.encode(json.dumps(claims).encode(), secret, algorithm="HS256", headers={"kid": "rsa"})
        except jwt.InvalidKeyError:
            continue  # the library won't even sign with a public key
        with pytest.raises(TokenInvalid):
            await external.verify(text)


@pytest.mark.parametrize("function", ["decode", "get_unverified_header"])
async def test_a_lack_of_memory_does_not_refuse_a_token(
    external: ExternalTokens, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    good = token()
    monkeypatch.setattr(jwt, function, fail)
    with pytest.raises(MemoryError):
        await external.verify(good)


async def test_distant_expiry_is_cut_short(external: ExternalTokens) -> None:
    at = int(time.time())
    claims = await external.verify(token(exp=at + 10 * 366 * 86_400, iat=at))
    assert claims.expires_at == at + MAX_TTL_SECONDS

    # Otherwise it would start a new sign-in once the revoked one's row is purged.
    with pytest.raises(TokenExpired, match="older than"):
        await external.verify(token(exp=at + 10 * 366 * 86_400, iat=at - MAX_TTL_SECONDS - 60))


@pytest.mark.parametrize(
    ("verified", "trusted", "counts"),
    [
        (True, False, True),
        ("true", False, True),
        (None, False, False),
        (None, True, True),
        (False, True, False),
        ("false", True, False),
        ("True", False, False),
        (1, True, False),
        ("yes", True, False),
    ],
)
async def test_which_addresses_count_as_verified(
    provider: Provider, verified: object, trusted: bool, counts: bool
) -> None:
    async with tokens_of(provider, trust_email=trusted) as external:
        claims = await external.verify(token(email_verified=verified))
    assert claims.email == ("ada@example.org" if counts else None)
    async with tokens_of(provider, trust_email=True) as external:
        claims = await external.verify(token(without="email_verified"))
    assert claims.email == "ada@example.org"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://id.example.evil"}, "issuer is not ROOMFUL_JWT_ISSUER"),
        ({"aud": "another"}, "audience is not ROOMFUL_JWT_AUDIENCE"),
        ({"without": "exp"}, "has no exp"),
        ({"exp": "later"}, "malformed"),
        ({"sub": ""}, "malformed"),
        ({"nbf": time.time() + 86_400}, "not valid yet"),
        ({"iat": time.time() + 86_400}, "not valid yet"),
        ({"exp": time.time() - 86_400}, "has expired"),
    ],
)
async def test_refusal_of_a_signed_token_has_a_reason(
    external: ExternalTokens, changed: dict[str, Any], reason: str
) -> None:
    with pytest.raises(TokenInvalid, match=reason):
        await external.verify(token(**changed))
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(TokenInvalid) as refused:
        await external.verify(token(stranger, **changed))
    assert str(refused.value) == ""


async def test_expired_token_is_called_expired(external: ExternalTokens) -> None:
    with pytest.raises(TokenExpired):
        await external.verify(token(iat=int(time.time()) - 900, exp=int(time.time()) - 60))
    await external.verify(token(iat=int(time.time()) - 900, exp=int(time.time()) - 20))


@pytest.mark.parametrize(
    "entry",
    [
        {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA", "kid": "rsa"},
        published(RSA_KEY, "rsa", use="enc"),
        published(RSA_KEY, "rsa", alg="RS512"),
        {"kty": "RSA", "kid": "rsa"},
        {"kty": "RSA", "kid": "rsa", "n": "!", "e": 7},
        {"kty": "new", "kid": "rsa"},
        {"kid": "rsa"},
        {},
        {"kid": 7, "kty": "RSA"},
    ],
    ids=lambda entry: str(entry.get("kty")),
)
async def test_keys_of_other_kinds_are_left_out(
    external: ExternalTokens, provider: Provider, entry: dict[str, Any]
) -> None:
    provider.keys = [entry, published(EC_KEY, "ec")]

    with pytest.raises(TokenInvalid):
        await external.verify(token())
    await external.verify(token(EC_KEY, algorithm="ES256", header={"kid": "ec"}))


async def test_keys_are_fetched_once_and_again_for_a_new_one(external: ExternalTokens, provider: Provider) -> None:
    for _ in range(5):
        await external.verify(token())
    assert len(provider.asked) == 1

    new_key = ec.generate_private_key(ec.SECP256R1())
    rotated = token(new_key, algorithm="ES256", header={"kid": "new"})
    provider.keys = [published(new_key, "new")]
    for _ in range(5):
        with pytest.raises(TokenInvalid):
            await external.verify(rotated)
    assert len(provider.asked) == 1  # strange key ids can't make us flood the provider

    provider.seconds += 31
    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(external.verify(rotated))
    assert len(provider.asked) == 2
    with pytest.raises(TokenInvalid):
        await external.verify(token())


async def test_last_keys_are_used_while_the_provider_is_down(external: ExternalTokens, provider: Provider) -> None:
    await external.verify(token())
    provider.status, provider.seconds = 503, provider.seconds + 3_600

    with pytest.raises(TokenInvalid):
        await external.verify(token(header={"kid": "another"}))

    await external.verify(token())
