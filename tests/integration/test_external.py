"""People of an external identity provider."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, text

from roomful.environment import SettingsError
from roomful.identity import verifier as verifier_module
from roomful.identity.external import ExternalTokens, admit
from roomful.identity.models import User
from roomful.identity.people import identify
from roomful.identity.revocations import deactivate
from roomful.identity.tickets import redeem_ticket
from roomful.identity.tokens import AccessClaims, TokenInvalid
from roomful.identity.verifier import Verifier
from roomful.runtime import Runtime
from roomful.settings import Settings, load_settings
from tests.support.api import PASSWORD
from tests.support.app import client_of, running_app
from tests.support.people import register
from tests.support.provider import ADDRESS, AUDIENCE, EC_KEY, ISSUER, Provider, provider_of_three_keys, token, tokens_of


@pytest.fixture
def provider() -> Provider:
    return provider_of_three_keys()


@pytest.fixture
async def external(provider: Provider) -> AsyncIterator[ExternalTokens]:
    async with tokens_of(provider) as external:
        yield external


@pytest.fixture
def verifier(app: FastAPI, runtime: Runtime, external: ExternalTokens) -> Verifier:
    """The application with a provider's settings."""
    verifier = Verifier(runtime.tokens, external, runtime.database)
    app.state.runtime = replace(runtime, verifier=verifier)
    return verifier


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


ME = "/api/v1/auth/me"

NEWCOMER = {"sub": "newcomer", "email": "eve@example.org"}


async def test_newcomer_gets_an_account_and_keeps_it(client: httpx.AsyncClient, verifier: Verifier) -> None:
    first = await client.get(ME, headers=bearer(token()))
    renamed = await client.get(ME, headers=bearer(token(name="Countess", email="new@example.org")))
    without_email = await client.get(ME, headers=bearer(token(without="email")))

    assert first.status_code == 200, first.text
    user = first.json()
    assert (user["email"], user["name"], user["role"]) == ("ada@example.org", "Ada Lovelace", "user")
    assert renamed.json() == without_email.json() == user
    answer = await client.post("/api/v1/auth/token", data={"username": "ada@example.org", "password": "!"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "changed",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "yes"},
        {"without": "email_verified"},
        {"without": "email"},
        {"email": "not an address"},
        {"email": ["ada@example.org"]},
    ],
    ids=ascii,
)
async def test_newcomer_without_a_verified_address_is_refused(
    client: httpx.AsyncClient, verifier: Verifier, changed: dict[str, Any]
) -> None:
    assert (await client.get(ME, headers=bearer(token(**changed)))).status_code == 401


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({**NEWCOMER, "without": "email_verified"}, "ROOMFUL_JWT_TRUST_EMAIL"),
        ({**NEWCOMER, "without": "email"}, "has no email"),
        ({**NEWCOMER, "email": "\u212aim@example.org"}, "not an address"),
        ({**NEWCOMER, "aud": "another"}, "ROOMFUL_JWT_AUDIENCE"),
        ({"sub": "subject-2"}, "another subject"),
    ],
    ids=str,
)
async def test_operator_learns_why_a_token_was_refused(
    client: httpx.AsyncClient,
    verifier: Verifier,
    caplog: pytest.LogCaptureFixture,
    changed: dict[str, Any],
    reason: str,
) -> None:
    assert (await client.get(ME, headers=bearer(token()))).status_code == 200
    refused = token(**changed)

    for _ in range(10):
        answer = await client.get(ME, headers=bearer(refused))
        assert answer.status_code == 401
        assert reason not in answer.text

    lines = [record.getMessage() for record in caplog.records if "identity provider signed" in record.getMessage()]
    assert 1 <= len(lines) < 10
    assert all(reason in line for line in lines)
    assert not any("@" in line or refused[:20] in line for line in lines)


async def test_owner_of_a_registered_address_takes_the_account_over(
    client: httpx.AsyncClient, runtime: Runtime, verifier: Verifier
) -> None:
    """An attacker may have registered it and waited for its owner."""
    registered = await register(client, "ada")

    owner = await client.get(ME, headers=bearer(token()))

    assert owner.json()["id"] == registered.id
    async with runtime.database.read() as session:
        assert await session.scalar(select(User.email_verified).where(User.id == registered.id))
    assert (await client.get(ME, headers=registered.headers)).status_code == 401
    refreshed = await client.post("/api/v1/auth/refresh", json={"refresh_token": registered.refresh_token})
    assert refreshed.status_code == 401
    answer = await client.post("/api/v1/auth/token", data={"username": registered.email, "password": PASSWORD})
    assert answer.status_code == 401


async def test_address_of_one_subject_does_not_admit_another(client: httpx.AsyncClient, verifier: Verifier) -> None:
    assert (await client.get(ME, headers=bearer(token()))).status_code == 200

    assert (await client.get(ME, headers=bearer(token(sub="subject-2")))).status_code == 401


async def test_token_is_a_session_that_can_be_ended(client: httpx.AsyncClient, verifier: Verifier) -> None:
    one, another = token(EC_KEY, algorithm="ES256", header={"kid": "ec"}), token()
    assert (await client.get(ME, headers=bearer(one))).status_code == 200
    sessions = (await client.get("/api/v1/auth/sessions", headers=bearer(another))).json()
    assert [session["current"] for session in sessions] == [True, False]

    assert (await client.post("/api/v1/auth/logout", headers=bearer(one))).status_code == 204

    assert (await client.get(ME, headers=bearer(one))).status_code == 401
    respelt = with_other_signature(one)
    assert (await verifier.verify(respelt)) == (await verifier.verify(one))
    assert (await client.get(ME, headers=bearer(respelt))).status_code == 401
    assert (await client.get(ME, headers=bearer(another))).status_code == 200


def with_other_signature(text: str) -> str:
    """The same token with the second valid form of its ECDSA signature (r, s): (r, n - s)."""
    n = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    content, _, signature = text.rpartition(".")
    octets = base64.urlsafe_b64decode(f"{signature}==")
    other = octets[:32] + (n - int.from_bytes(octets[32:])).to_bytes(32)
    return f"{content}.{base64.urlsafe_b64encode(other).decode().rstrip('=')}"


async def test_first_requests_at_the_same_moment_make_one_person(client: httpx.AsyncClient, verifier: Verifier) -> None:
    tokens = [token(), token(), token(jti="2"), token(jti="3")]

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(client.get(ME, headers=bearer(each))) for each in tokens]

    assert {task.result().status_code for task in tasks} == {200}
    assert len({task.result().json()["id"] for task in tasks}) == 1


async def test_request_that_waited_for_the_adoption_finds_the_same_person(
    client: httpx.AsyncClient, runtime: Runtime, verifier: Verifier, external: ExternalTokens
) -> None:
    """The second request has not found the external id when the first one locks the account, and then waits for it."""
    registered = await register(client, "ada")
    claims = await external.verify(token())
    async with asyncio.timeout(20), asyncio.TaskGroup() as group, runtime.database.write() as first:
        assert await admit(first, claims) == registered.id
        second = group.create_task(verifier.verify(token(jti="2")))
        await wait_for_a_locked_row(runtime)
        await first.commit()

    assert second.result().user_id == registered.id


async def test_token_of_a_person_being_locked_out_signs_nobody_in(
    client: httpx.AsyncClient, runtime: Runtime, verifier: Verifier
) -> None:
    """Its sign-in would survive the lock-out, and work again once the person is unlocked."""
    ada = await verifier.verify(token())
    async with asyncio.timeout(20), asyncio.TaskGroup() as group, runtime.database.write() as session:
        await deactivate(session, ada.user_id)
        late = group.create_task(outcome_of(verifier.verify(token(jti="2"))))
        await wait_for_a_locked_row(runtime)
        await session.commit()

    assert isinstance(late.result(), TokenInvalid)


async def outcome_of(verification: Awaitable[AccessClaims]) -> AccessClaims | TokenInvalid:
    try:
        return await verification
    except TokenInvalid as refused:
        return refused


async def wait_for_a_locked_row(runtime: Runtime) -> None:
    """Return once one PostgreSQL transaction waits for another. SQLite's second writer waits before it reads."""
    if runtime.database.is_sqlite:
        return
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(10):
        while True:
            async with runtime.database.ask() as session:
                if await session.scalar(waiting):
                    return


async def test_ticket_of_an_external_token_stands_for_it(
    client: httpx.AsyncClient, runtime: Runtime, verifier: Verifier
) -> None:
    issued = token()
    ticket = (await client.post("/api/v1/auth/ticket", headers=bearer(issued))).json()["ticket"]

    async with runtime.transaction() as session:
        claims = await redeem_ticket(session, ticket)
    assert claims == await verifier.verify(issued)
    async with runtime.database.read() as session:
        assert (await identify(session, claims)).email == "ada@example.org"


async def test_own_tokens_are_verified_without_the_provider(
    client: httpx.AsyncClient, verifier: Verifier, provider: Provider
) -> None:
    ada = await register(client, "ada")

    assert (await client.get(ME, headers=ada.headers)).status_code == 200
    assert provider.asked == []


@pytest.mark.parametrize(("seconds", "status"), [(60.0, 200), (0.0, 401)])
async def test_verified_token_of_a_provider_is_cached(
    client: httpx.AsyncClient, verifier: Verifier, monkeypatch: pytest.MonkeyPatch, seconds: float, status: int
) -> None:
    monkeypatch.setattr(verifier_module, "EXTERNAL_SECONDS", seconds)
    issued = token()
    assert (await client.get(ME, headers=bearer(issued))).status_code == 200
    async with tokens_of(Provider()) as withdrawn:
        monkeypatch.setattr(verifier, "_external_tokens", withdrawn)
        assert (await client.get(ME, headers=bearer(issued))).status_code == status


async def test_without_a_provider_its_tokens_are_invalid(client: httpx.AsyncClient) -> None:
    assert (await client.get(ME, headers=bearer(token()))).status_code == 401


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"jwks_url": ADDRESS}, "ROOMFUL_JWT_ISSUER and ROOMFUL_JWT_AUDIENCE"),
        ({"jwks_url": ADDRESS, "jwt_issuer": ISSUER}, "ROOMFUL_JWT_AUDIENCE"),
        ({"jwt_issuer": ISSUER, "jwt_audience": AUDIENCE}, "ROOMFUL_JWKS_URL"),
        ({"jwks_url": "file:///etc/keys", "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE}, "ROOMFUL_JWKS_URL"),
    ],
)
def test_incomplete_provider_settings_stop_the_start(settings: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        load_settings(**settings)


async def test_server_starts_while_the_provider_is_out(settings: Settings) -> None:
    update = {"jwks_url": "http://127.0.0.1:1/keys", "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE}
    async with running_app(settings.model_copy(update=update)) as app, client_of(app) as client:
        assert (await client.get(ME, headers=bearer(token()))).status_code == 401
        await register(client, "ada")
