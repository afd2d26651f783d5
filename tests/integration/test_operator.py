"""The operator's commands for people and tokens."""

import httpx
import pytest

from roomful.accounts import operator
from roomful.db.base import now
from roomful.errors import Conflict, Invalid, NotFound
from roomful.runtime import Runtime
from roomful.settings import Settings
from tests.support.app import client_of, running_app
from tests.support.people import register, sign_in

AUTH = "/api/v1/auth"


async def test_operator_makes_people_even_where_registration_is_closed(settings: Settings) -> None:
    closed = settings.model_copy(update={"registration": "closed"})
    async with running_app(closed) as app, client_of(app) as client:
        runtime: Runtime = app.state.runtime
        for email, name, is_admin in (("Ada@example.org", "Ada L.", True), ("bob@example.org", None, False)):
            await operator.create_user(
                runtime.database,
                runtime.passwords,
                email=email,
                name=name,
                password="a password of theirs",
                is_admin=is_admin,
            )

        async with runtime.database.read() as session:
            everybody = [(user.email, user.name, user.role) async for user in operator.list_users(session)]
        assert everybody == [("ada@example.org", "Ada L.", "admin"), ("bob@example.org", "bob", "user")]
        ada = await sign_in(client, "ada@example.org", "a password of theirs")
        assert (await client.get(f"{AUTH}/me", headers=ada.headers)).json()["role"] == "admin"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"email": "ada"}, "email must be an e-mail address such as ada@example.org"),
        ({"password": "short"}, "password String should have at least 8 characters"),
        ({"name": "a\nb"}, "name must not contain control characters"),
        ({"name": "a\udc80b"}, "name"),
    ],
)
async def test_operator_is_told_what_is_wrong(runtime: Runtime, changed: dict[str, str], error: str) -> None:
    person = {"email": "ada@example.org", "name": "Ada", "password": "a password of theirs"} | changed

    with pytest.raises(Invalid, match=error):
        await operator.create_user(
            runtime.database,
            runtime.passwords,
            email=person["email"],
            name=person["name"],
            password=person["password"],
        )


async def test_known_address_is_a_conflict(client: httpx.AsyncClient, runtime: Runtime) -> None:
    await register(client, "ada")

    with pytest.raises(Conflict):
        await operator.create_user(
            runtime.database, runtime.passwords, email="ADA@example.org", name="Ada", password="another password"
        )


async def test_token_works_and_can_be_ended_like_any_session(client: httpx.AsyncClient, runtime: Runtime) -> None:
    ada = await register(client, "ada")
    async with runtime.transaction() as session:
        user = await operator.find_user(session, " Ada@Example.org")
        token = await operator.issue_token(session, runtime.tokens, user, ttl_seconds=86_400 * 365)

    claims = runtime.tokens.verify(token)
    assert claims.expires_at == pytest.approx(now().timestamp() + 86_400 * 365, abs=5)
    headers = {"Authorization": f"Bearer {token}"}
    assert (await client.get(f"{AUTH}/me", headers=headers)).json()["id"] == ada.id
    assert (await client.delete(f"{AUTH}/sessions/{claims.session_id}", headers=ada.headers)).status_code == 204
    assert (await client.get(f"{AUTH}/me", headers=headers)).status_code == 401


@pytest.mark.parametrize("ttl_seconds", [0, -1, 10**18])
async def test_token_has_a_sensible_lifetime(client: httpx.AsyncClient, runtime: Runtime, ttl_seconds: int) -> None:
    ada = await register(client, "ada")
    async with runtime.transaction() as session:
        user = await operator.find_user(session, ada.email)
        with pytest.raises(Invalid):
            await operator.issue_token(session, runtime.tokens, user, ttl_seconds=ttl_seconds)


@pytest.mark.parametrize("email", ["nobody@example.org", "nobody", "", "\0"])
async def test_unknown_account_is_not_found(runtime: Runtime, email: str) -> None:
    async with runtime.database.read() as session:
        with pytest.raises(NotFound):
            await operator.find_user(session, email)
