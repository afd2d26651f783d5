"""The verifier of access tokens against attacks and library defaults, and the form of refresh tokens."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from roomful.environment import SettingsError
from roomful.identity.refresh import RefreshTokens
from roomful.identity.tokens import TokenExpired, TokenInvalid, Tokens
from roomful.ids import new_id
from roomful.settings import load_settings

KEY = "a signing key of forty-one bytes, at least"
USER, SESSION = new_id(), new_id()


@pytest.fixture
def tokens() -> Tokens:
    return Tokens(KEY, access_ttl_seconds=900)


def signed(*, without: str | None = None, **changed: Any) -> str:
    """A token with a valid signature and any claims."""
    at = int(time.time())
    claims: dict[str, Any] = {
        "typ": "access",
        "sub": USER,
        "sid": SESSION,
        "iat": at,
        "exp": at + 900,
        "iss": "roomful",
        "aud": "roomful",
        "jti": new_id(),
    }
    claims |= changed
    claims.pop(without or "", None)
    return forged({"alg": "HS256", "typ": "JWT"}, claims)


def forged(header: Mapping[str, Any], claims: Mapping[str, Any], key: bytes = KEY.encode()) -> str:
    """A token made by hand, without a library."""
    content = ".".join(_part(json.dumps(part).encode()) for part in (header, claims))
    return f"{content}.{_part(hmac.digest(key, content.encode(), 'sha256'))}"


def _part(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def test_issued_token_is_verified(tokens: Tokens) -> None:
    claims = tokens.verify(tokens.issue(USER, SESSION))

    assert (claims.user_id, claims.session_id) == (USER, SESSION)
    assert claims.expires_at == pytest.approx(time.time() + 900, abs=2)


def test_issued_token_carries_the_contracts_claims(tokens: Tokens) -> None:
    claims = jwt.decode(tokens.issue(USER, SESSION), options={"verify_signature": False})

    assert set(claims) == {"typ", "sub", "sid", "iat", "exp", "iss", "aud", "jti"}


def test_handmade_token_passes(tokens: Tokens) -> None:
    assert tokens.verify(signed()).user_id == USER


@pytest.mark.parametrize("claim", ["typ", "sub", "sid", "iat", "exp", "iss", "aud", "jti"])
def test_no_claim_may_be_missing(tokens: Tokens, claim: str) -> None:
    with pytest.raises(TokenInvalid):
        tokens.verify(signed(without=claim))


@pytest.mark.parametrize(
    "changed",
    [
        {"typ": "refresh"},
        {"typ": "ticket"},
        {"typ": None},
        {"typ": ["access"]},
        {"exp": 2**63},
        {"exp": 10**400},
        {"exp": "soon"},
        {"exp": str(int(time.time()) + 900)},
        {"exp": time.time() + 900.5},
        {"exp": True},
        {"exp": None},
        {"exp": []},
        {"iat": int(time.time()) + 3600},
        {"iat": "0"},
        {"iat": "then"},
        {"iat": 2**70},
        {"iat": True},
        {"iat": None},
        {"nbf": int(time.time()) + 3600},
        {"nbf": "tomorrow"},
        {"aud": ["roomful"]},
        {"aud": ["roomful", "another"]},
        {"aud": "another"},
        {"aud": "roomful2"},
        {"aud": 1},
        {"iss": "room"},
        {"iss": "roomful.example"},
        {"iss": ["roomful"]},
        {"iss": ""},
        {"sub": 7},
        {"sub": ""},
        {"sub": "u" * 10_240},
        {"sub": "u" * 65},
        {"sub": "a\u0000b"},
        {"sub": "\ud800"},
        {"sub": None},
        {"sub": {"$ne": ""}},
        {"sid": 7},
        {"sid": ""},
        {"sid": "s" * 65},
        {"sid": "a\u0000b"},
        {"sid": "\ud800"},
        {"sid": None},
        {"jti": 7},
        {"jti": None},
    ],
    ids="-".join,  # the values contain the time, and every worker must collect the same tests
)
def test_claims_of_the_wrong_kind_or_value_are_refused(tokens: Tokens, changed: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalid):
        tokens.verify(signed(**changed))


def test_a_lack_of_memory_does_not_refuse_a_token(tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    good = signed()
    monkeypatch.setattr(jwt, "decode", fail)
    with pytest.raises(MemoryError):
        tokens.verify(good)


def test_clocks_may_differ_by_half_a_minute(tokens: Tokens) -> None:
    at = int(time.time())

    tokens.verify(signed(iat=at + 5))
    tokens.verify(signed(iat=at + 25, nbf=at + 25))
    tokens.verify(signed(iat=at - 900, exp=at - 25))
    with pytest.raises(TokenExpired):
        tokens.verify(signed(iat=at - 900, exp=at - 35))


def test_expired_and_otherwise_wrong_token_is_not_called_expired(tokens: Tokens) -> None:
    claims = {"typ": "access", "sub": USER, "sid": SESSION, "iat": 1, "exp": 2, "iss": "roomful", "aud": "roomful"}
    wrong = forged({"alg": "HS256"}, {**claims, "jti": "1"}, key=b"another key of more than thirty-two bytes")

    with pytest.raises(TokenInvalid) as refused:
        tokens.verify(wrong)
    assert not isinstance(refused.value, TokenExpired)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "NONE"},
        {"alg": "nOnE"},
        {"alg": ""},
        {"alg": None},
        {"alg": 256},
        {"alg": ["HS256"]},
        {"alg": {"HS256": 1}},
        {"alg": "hs256"},
        {"alg": "HS384"},
        {"alg": "HS512"},
        {"alg": "RS256"},
        {"alg": "ES256"},
        {"alg": "EdDSA"},
        {},
        {"alg": "HS256", "crit": ["b64"], "b64": False},
        {"alg": "HS256", "crit": ["exp"]},
        {"alg": "HS256", "crit": []},
    ],
    ids=ascii,
)
def test_the_header_does_not_choose_the_algorithm(tokens: Tokens, header: dict[str, Any]) -> None:
    claims = jwt.decode(signed(), options={"verify_signature": False})

    with pytest.raises(TokenInvalid):
        tokens.verify(forged(header, claims))
    content = forged(header, claims).rpartition(".")[0]
    with pytest.raises(TokenInvalid):
        tokens.verify(f"{content}.")


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "../../../../dev/null"},
        {"kid": "x' UNION SELECT 'key' --"},
        {"kid": ["a"]},
        {"jku": "http://127.0.0.1:1/keys"},
        {"x5u": "file:///etc/passwd"},
        {"jwk": {"kty": "oct", "k": _part(b"a key that the attacker brings along")}},
    ],
    ids=ascii,
)
def test_a_key_in_the_header_is_ignored(tokens: Tokens, header: dict[str, Any]) -> None:
    claims = jwt.decode(signed(), options={"verify_signature": False})

    for key in (b"", b"a key that the attacker brings along"):
        with pytest.raises(TokenInvalid):
            tokens.verify(forged({"alg": "HS256", **header}, claims, key=key))


def test_public_keys_are_not_accepted_as_secrets(tokens: Tokens) -> None:
    private_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public_key = private_key.public_key()
    claims = jwt.decode(signed(), options={"verify_signature": False})
    texts = [
        public_key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        public_key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH),
    ]

    for text in texts:
        with pytest.raises(TokenInvalid):
            tokens.verify(forged({"alg": "HS256"}, claims, key=text))
    with pytest.raises(TokenInvalid):
        tokens.verify(jwt.encode(claims, private_key, algorithm="RS256"))


def test_signature_is_checked_to_the_last_bit(tokens: Tokens) -> None:
    token = signed()
    content, _, signature = token.rpartition(".")
    flipped = base64.urlsafe_b64decode(signature + "=")
    flipped = flipped[:-1] + bytes([flipped[-1] ^ 1])

    for wrong in ("", signature[:-4], _part(flipped), _part(bytes(32)), _part(hashlib.sha256(KEY.encode()).digest())):
        with pytest.raises(TokenInvalid):
            tokens.verify(f"{content}.{wrong}")


@pytest.mark.parametrize(
    "junk",
    [
        "",
        ".",
        "..",
        "...",
        "a",
        "a.b.c",
        "\ud800.a.b",
        "a.\udfff.b",
        "a.b.\ud800",
        "\u0000.\u0000.\u0000",
        "é.è.ê",
        "=.=.=",
        "null.null.null",
        "Bearer a.b.c",
        f"{_part(b'[' * 4000)}.e30.e30",
        f"{_part(b'{' * 200_000)}.e30.e30",
        f"{_part(b'[]')}.{_part(b'[]')}.{_part(b'[]')}",
        f"{_part(b'null')}.{_part(b'null')}.{_part(b'null')}",
        f"{_part(b'1' * 5000)}.e30.e30",
        f"{_part(bytes(range(256)))}.e30.e30",
        "a" * 1_000_000,
        "." * 8_000,
    ],
    ids=lambda junk: ascii(junk)[:24],
)
def test_garbage_is_refused_without_another_error(tokens: Tokens, junk: str) -> None:
    with pytest.raises(TokenInvalid):
        tokens.verify(junk)
    with pytest.raises(TokenInvalid):
        RefreshTokens(KEY, ttl_seconds=60).read(junk)


@pytest.mark.parametrize(
    "payload", [b"[]", b"null", b"1", b'"text"', b"{", b"\xff", b"[" * 4000, b'{"exp":' + b"9" * 5000]
)
def test_signed_garbage_is_refused(tokens: Tokens, payload: bytes) -> None:
    content = ".".join((_part(b'{"alg": "HS256"}'), _part(payload)))

    with pytest.raises(TokenInvalid):
        tokens.verify(f"{content}.{_part(hmac.digest(KEY.encode(), content.encode(), 'sha256'))}")


def test_kinds_of_token_are_not_interchangeable(tokens: Tokens) -> None:
    refresh_tokens = RefreshTokens(KEY, ttl_seconds=60)

    with pytest.raises(TokenInvalid):
        tokens.verify(refresh_tokens.issue(SESSION, 1))
    with pytest.raises(TokenInvalid):
        refresh_tokens.read(tokens.issue(USER, SESSION))


@pytest.mark.parametrize("key", ["changeme", "8 bytes.", "thirty-one bytes are not enough"])
def test_a_weak_key_stops_the_start_and_verifies_nothing(key: str) -> None:
    with pytest.raises(SettingsError, match="ROOMFUL_SECRET_KEY"):
        load_settings(secret_key=key)
    claims = jwt.decode(signed(), options={"verify_signature": False})
    with pytest.raises(TokenInvalid):
        Tokens(key, access_ttl_seconds=900).verify(forged({"alg": "HS256"}, claims, key=key.encode()))


def test_refresh_token_is_readable_only_with_the_key() -> None:
    token = RefreshTokens(KEY, ttl_seconds=60).issue(SESSION, 7)

    assert RefreshTokens(KEY, ttl_seconds=60).read(token) == (SESSION, 7)
    with pytest.raises(TokenInvalid):
        RefreshTokens("another signing key of more than 32 bytes", ttl_seconds=60).read(token)


def test_refresh_token_has_one_spelling_and_every_character_counts() -> None:
    refresh_tokens = RefreshTokens(KEY, ttl_seconds=60)
    token = refresh_tokens.issue(SESSION, 1)

    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        with pytest.raises(TokenInvalid):
            refresh_tokens.read(token[:place] + other + token[place + 1 :])
    for spelling in (f"{token}==", f" {token}", f"{token}\n", token.swapcase()):
        with pytest.raises(TokenInvalid):
            refresh_tokens.read(spelling)
