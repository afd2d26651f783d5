"""Registration, password sign-in and profiles, through the API."""

import asyncio
import json
import re
import threading
from typing import Any

import httpx
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import func, select, update

from roomful.eventlog import log
from roomful.identity.models import SignIn, User
from roomful.identity.passwords import UNUSABLE, Passwords, Verdict
from roomful.identity.revocations import deactivate
from roomful.runtime import Runtime
from roomful.settings import Settings
from tests.support.api import PASSWORD
from tests.support.app import client_of, running_app
from tests.support.people import register, sign_in, signed

REGISTER, TOKEN, ME = "/api/v1/auth/register", "/api/v1/auth/token", "/api/v1/auth/me"


@pytest.fixture
def _usual_password_is_hashed_once() -> None:
    """Passwords are under test here."""


async def count(runtime: Runtime, table: type[User | SignIn]) -> int:
    async with runtime.database.read() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def test_registration_answers_with_tokens_that_work(client: httpx.AsyncClient) -> None:
    answer = await client.post(REGISTER, json={"email": " Ada@Example.ORG ", "password": PASSWORD, "name": " Ada "})

    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    token = answer.json()
    assert set(token) == {"access_token", "token_type", "expires_in", "refresh_token", "user"}
    assert (token["token_type"], token["expires_in"]) == ("bearer", 900)
    assert set(token["user"]) == {"id", "email", "name", "role", "created_at"}
    assert (token["user"]["email"], token["user"]["name"]) == ("ada@example.org", "Ada")
    assert token["user"]["role"] == "user"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", token["user"]["created_at"])
    assert (await client.get(ME, headers=signed(answer).headers)).json() == token["user"]


async def test_registration_opens_the_channel_of_own_notifications(client: httpx.AsyncClient, runtime: Runtime) -> None:
    ada = await register(client, "ada")

    async with runtime.database.read() as session:
        assert (await log.head(session, f"user:{ada.id}")).offset == 0


@pytest.mark.parametrize(
    "email", ["a@localhost", "ada@host.local", "o'hara+tag@xn--r8jz45g.jp", "ada@[::1]", "x" * 244 + "@host.test"]
)
async def test_unusual_addresses_are_accepted(client: httpx.AsyncClient, email: str) -> None:
    answer = await client.post(REGISTER, json={"email": email, "password": PASSWORD, "name": "Ada"})

    assert answer.status_code == 201, answer.text
    assert (await sign_in(client, email)).email == email


BAD_REGISTRATIONS: list[dict[str, Any]] = [
    {"email": email}
    for email in (
        "",
        "ada",
        "@",
        "ada@",
        "@example.org",
        "ada@b@example.org",
        "ada lovelace@example.org",
        "ada@exam\tple.org",
        "ada\u0000@example.org",
        "ada@example.org\u0000",
        "ada\u200b@example.org",
        "ada\u2028@example.org",
        "x" * 245 + "@host.test",
        None,
        7,
        ["ada@example.org"],
        {"$ne": ""},
    )
]
BAD_REGISTRATIONS += [
    {"password": password}
    for password in ("", "seven..", "x" * 257, "x" * 1_000_000, "with\u0000nul", None, 12345678, ["long enough"])
]
BAD_REGISTRATIONS += [
    {"name": name}
    for name in ("", "   ", "x" * 101, "a\u0000b", "a\nb", "a\u001bb", "a\u2028b", "\u0085", None, 7, ["Ada"])
]
BAD_REGISTRATIONS += [
    {"role": "admin"},
    {"is_admin": True},
    {"is_active": True},
    {"id": "0"},
    {"created_at": "2020-01-01T00:00:00Z"},
    {"password_hash": "$argon2id$"},
    {"__class__": "User"},
    {"user": {"role": "admin"}},
]


async def test_bad_registration_is_refused_and_not_echoed(client: httpx.AsyncClient, runtime: Runtime) -> None:
    for changed in BAD_REGISTRATIONS:
        body = {"email": "ada@example.org", "password": PASSWORD, "name": "Ada"} | changed

        answer = await client.post(REGISTER, json=body)

        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION"), ascii(changed)[:80]
        assert PASSWORD not in answer.text
        assert str(changed.get("password") or PASSWORD) not in answer.text
    assert await count(runtime, User) == 0


@pytest.mark.parametrize("field", ["email", "password", "name"])
async def test_lone_surrogates_and_missing_fields_are_refused(
    client: httpx.AsyncClient, runtime: Runtime, field: str
) -> None:
    good = {"email": "ada@example.org", "password": PASSWORD, "name": "Ada"}
    surrogate = json.dumps(good | {field: "ada@\ud800 and more"})

    answers = [
        await client.post(REGISTER, content=surrogate, headers={"Content-Type": "application/json"}),
        await client.post(REGISTER, json={name: value for name, value in good.items() if name != field}),
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert await count(runtime, User) == 0


async def test_known_address_is_a_conflict_in_any_spelling(client: httpx.AsyncClient, runtime: Runtime) -> None:
    await register(client, "ada")

    answer = await client.post(REGISTER, json={"email": "ADA@example.org", "password": "another one", "name": "Eve"})

    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
    assert (await count(runtime, User), await count(runtime, SignIn)) == (1, 1)
    await sign_in(client, "ada@example.org")


async def test_one_of_simultaneous_registrations_of_one_address_wins(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    body = {"email": "ada@example.org", "password": PASSWORD, "name": "Ada"}

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(client.post(REGISTER, json=body)) for _ in range(5)]

    assert sorted(task.result().status_code for task in tasks) == [201, 409, 409, 409, 409]
    assert (await count(runtime, User), await count(runtime, SignIn)) == (1, 1)


@pytest.mark.parametrize("password", ["12345678", "Password1", "Ada Lovelace", "ada.lovelace@example.org"])
async def test_common_password_is_refused(client: httpx.AsyncClient, password: str) -> None:
    body = {"email": "ada.lovelace@example.org", "password": PASSWORD, "name": "Ada Lovelace"}
    ada = signed(await client.post(REGISTER, json=body))

    change = {"password": password, "current_password": PASSWORD}
    answers = [
        await client.post(REGISTER, json=body | {"password": password}),
        await client.patch(ME, json=change, headers=ada.headers),
    ]

    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION")
        [detail] = answer.json()["details"]
        assert detail["field"] == "password"
        assert "choose another" in detail["message"]
        assert password not in answer.text
    await sign_in(client, ada.email)


@pytest.mark.parametrize("registration", ["closed", "invited"])
async def test_closed_registration_refuses_people(settings: Settings, registration: str) -> None:
    async with running_app(settings.model_copy(update={"registration": registration})) as app, client_of(app) as client:
        body = {"email": "ada@example.org", "password": PASSWORD, "name": "Ada"}
        answer = await client.post(REGISTER, json=body)

        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
        assert await count(app.state.runtime, User) == 0


async def test_sign_in_by_password(client: httpx.AsyncClient) -> None:
    ada = await register(client, "ada")

    form = {
        "grant_type": "password",
        "username": " ADA@example.org",
        "password": PASSWORD,
        "scope": "",
        "client_id": "x",
    }
    answer = await client.post(TOKEN, data=form)

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.json()) == {"access_token", "token_type", "expires_in", "refresh_token", "user"}
    assert answer.json()["user"]["id"] == ada.id
    assert (await client.get(ME, headers=signed(answer).headers)).json() == answer.json()["user"]


async def test_refused_sign_ins_look_alike(client: httpx.AsyncClient, runtime: Runtime) -> None:
    eve = await register(client, "eve")
    async with runtime.transaction() as session:
        await deactivate(session, eve.id)
    await register(client, "ada")

    refused = [
        await client.post(TOKEN, data={"username": username, "password": password})
        for username, password in [
            ("ada@example.org", "the wrong password"),
            ("ada@example.org", "x"),
            ("ada@example.org", PASSWORD.upper()),
            ("ada@example.org", PASSWORD + " "),
            ("ada@example.org", "x" * 4096),
            ("nobody@example.org", PASSWORD),
            ("not an address", PASSWORD),
            ("x" * 300 + "@example.org", PASSWORD),
            ("eve@example.org", PASSWORD),
            ("eve@example.org", "the wrong password"),
            ("%' OR 1=1 --", PASSWORD),
        ]
    ]

    assert {answer.status_code for answer in refused} == {401}
    assert {answer.headers["WWW-Authenticate"] for answer in refused} == {"Bearer"}
    bodies = [{name: value for name, value in answer.json().items() if name != "request_id"} for answer in refused]
    assert all(body == bodies[0] for body in bodies)
    assert {tuple(sorted(answer.headers)) for answer in refused} == {tuple(sorted(refused[0].headers))}


@pytest.fixture
def hashings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every run of Argon2."""
    runs: list[str] = []
    verify, hash_password = Argon2Hasher.verify, Argon2Hasher.hash

    def watched_verify(self: Argon2Hasher, password: str | bytes, hash: str | bytes) -> bool:
        runs.append("verify")
        return verify(self, password, hash)

    def watched_hash(self: Argon2Hasher, password: str | bytes, *, salt: bytes | None = None) -> str:
        runs.append("hash")
        return hash_password(self, password, salt=salt)

    monkeypatch.setattr(Argon2Hasher, "verify", watched_verify)
    monkeypatch.setattr(Argon2Hasher, "hash", watched_hash)
    return runs


async def test_every_refused_sign_in_does_the_same_work(
    client: httpx.AsyncClient, runtime: Runtime, hashings: list[str]
) -> None:
    """Equal times, without a stopwatch: for any reason, one run of Argon2 with the same parameters."""
    await register(client, "ada")
    eve, ext = await register(client, "eve"), await register(client, "ext")
    async with runtime.transaction() as session:
        await deactivate(session, eve.id)
        await session.execute(update(User).where(User.id == ext.id).values(password_hash=UNUSABLE))

    for username, password in [
        ("ada@example.org", "the wrong password"),
        ("ada@example.org", "x" * 4096),
        ("nobody@example.org", PASSWORD),
        ("nobody", PASSWORD),
        ("eve@example.org", PASSWORD),
        ("ext@example.org", PASSWORD),
    ]:
        hashings.clear()
        answer = await client.post(TOKEN, data={"username": username, "password": password})
        assert (answer.status_code, hashings) == (401, ["verify"]), username


async def test_registration_hashes_before_it_knows_the_address(client: httpx.AsyncClient, hashings: list[str]) -> None:
    await register(client, "ada")
    hashings.clear()

    await client.post(REGISTER, json={"email": "ada@example.org", "password": PASSWORD, "name": "Ada"})

    assert hashings == ["hash"]


async def test_password_hashed_with_older_parameters_is_rehashed(client: httpx.AsyncClient, runtime: Runtime) -> None:
    ada = await register(client, "ada")
    old_hash = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),)).hash(PASSWORD)
    async with runtime.transaction() as session:
        await session.execute(update(User).where(User.id == ada.id).values(password_hash=old_hash))

    await sign_in(client, ada.email)

    async with runtime.database.read() as session:
        assert (await session.get_one(User, ada.id)).password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    await sign_in(client, ada.email)


async def test_password_counts_to_its_last_character(client: httpx.AsyncClient) -> None:
    longest = "p" * 256
    await client.post(REGISTER, json={"email": "ada@example.org", "password": longest, "name": "Ada"})

    await sign_in(client, "ada@example.org", longest)
    for wrong in (longest + "p", longest[:-1], longest[:-1] + "q"):
        answer = await client.post(TOKEN, data={"username": "ada@example.org", "password": wrong})
        assert answer.status_code == 401


async def test_password_is_the_same_however_a_keyboard_composes_it(client: httpx.AsyncClient) -> None:
    await client.post(
        REGISTER, json={"email": "ada@example.org", "password": "cr\u00e8me br\u00fbl\u00e9e", "name": "A"}
    )

    await sign_in(client, "ada@example.org", "cre\u0300me bru\u0302le\u0301e")


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"username": "ada@example.org"},
        {"password": PASSWORD},
        {"username": "ada@example.org", "password": PASSWORD, "grant_type": "client_credentials"},
        {"username": "ada@example.org\0", "password": PASSWORD},
        {"username": "ada@example.org", "password": f"{PASSWORD}\0"},
    ],
    ids=ascii,
)
async def test_invalid_form_is_refused(client: httpx.AsyncClient, form: dict[str, str]) -> None:
    await register(client, "ada")

    answer = await client.post(TOKEN, data=form)

    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION")
    assert PASSWORD not in answer.text


async def test_form_of_many_fields_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post(TOKEN, data={f"field{number}": "x" for number in range(2_000)})

    assert answer.status_code in (400, 413)


@pytest.mark.usefixtures("no_refills")
async def test_failed_sign_ins_are_limited_for_each_person_and_address(settings: Settings) -> None:
    limited = settings.model_copy(update={"rate_limit_sign_in": 3})
    async with running_app(limited) as app, client_of(app) as client:
        ada = await register(client, "ada")
        await register(client, "bob")
        for _ in range(10):
            await sign_in(client, ada.email)

        spellings = ["ada@example.org", "ADA@example.org", " ada@example.org", "ada@example.org  "]
        statuses = [
            (await client.post(TOKEN, data={"username": spelling, "password": "wrong one"})).status_code
            for spelling in spellings
        ]

        assert statuses == [401, 401, 401, 429]
        right = await client.post(TOKEN, data={"username": ada.email, "password": PASSWORD})
        assert (right.status_code, right.json()["code"]) == (429, "RATE_LIMITED")
        assert int(right.headers["Retry-After"]) >= 1
        await sign_in(client, "bob@example.org")


@pytest.mark.usefixtures("no_refills")
async def test_guessing_the_current_password_is_limited_too(settings: Settings) -> None:
    limited = settings.model_copy(update={"rate_limit_sign_in": 2})
    async with running_app(limited) as app, client_of(app) as client:
        ada = await register(client, "ada")
        change = {"password": "another one", "current_password": "a guess"}

        statuses = [(await client.patch(ME, json=change, headers=ada.headers)).status_code for _ in range(3)]

        assert statuses == [403, 403, 429]
        assert (await client.patch(ME, json={"name": "Ada"}, headers=ada.headers)).status_code == 200


async def test_changing_the_name(client: httpx.AsyncClient) -> None:
    ada = await register(client, "ada")

    answer = await client.patch(ME, json={"name": " Countess "}, headers=ada.headers)

    assert (answer.status_code, answer.json()["name"]) == (200, "Countess")
    assert (await client.get(ME, headers=ada.headers)).json() == answer.json()
    assert (await client.patch(ME, json={}, headers=ada.headers)).json() == answer.json()


BAD_CHANGES: list[object] = [
    {"name": ""},
    {"name": None},
    {"name": "x" * 101},
    {"name": "a\u0000b"},
    {"password": "another one"},
    {"password": "short", "current_password": PASSWORD},
    {"password": "x" * 257, "current_password": PASSWORD},
    {"password": None, "current_password": PASSWORD},
    {"password": "another one", "current_password": None},
    {"role": "admin"},
    {"email": "eve@example.org"},
    {"is_active": False},
    {"id": "1"},
    {"created_at": "2020-01-01T00:00:00Z"},
    {"password_hash": "!"},
    [],
    None,
    "name",
]


async def test_bad_changes_of_the_profile_change_nothing(client: httpx.AsyncClient) -> None:
    ada = await register(client, "ada")
    before = (await client.get(ME, headers=ada.headers)).json()

    for change in BAD_CHANGES:
        answer = await client.patch(ME, json=change, headers=ada.headers)

        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION"), change
    assert (await client.get(ME, headers=ada.headers)).json() == before
    await sign_in(client, ada.email)


async def test_new_password_ends_the_other_sessions(client: httpx.AsyncClient) -> None:
    ada, bob = await register(client, "ada"), await register(client, "bob")
    phone = await sign_in(client, ada.email)

    answer = await client.patch(
        ME, json={"password": "another good one", "current_password": PASSWORD}, headers=phone.headers
    )

    assert answer.status_code == 200
    assert (await client.get(ME, headers=phone.headers)).status_code == 200
    assert (await client.get(ME, headers=ada.headers)).status_code == 401
    assert (await client.get(ME, headers=bob.headers)).status_code == 200
    assert (await client.post("/api/v1/auth/refresh", json={"refresh_token": ada.refresh_token})).status_code == 401
    assert (await client.post(TOKEN, data={"username": ada.email, "password": PASSWORD})).status_code == 401
    await sign_in(client, ada.email, "another good one")


async def test_wrong_current_password_changes_nothing(client: httpx.AsyncClient) -> None:
    ada = await register(client, "ada")

    change = {"name": "Eve", "password": "another good one", "current_password": "wrong"}
    answer = await client.patch(ME, json=change, headers=ada.headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    assert (await client.get(ME, headers=ada.headers)).json()["name"] == "Ada"
    await sign_in(client, ada.email)


async def test_one_of_simultaneous_password_changes_wins(client: httpx.AsyncClient) -> None:
    ada = await register(client, "ada")
    phone = await sign_in(client, ada.email)

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(
                client.patch(
                    ME,
                    json={"password": f"the new one of {name}", "current_password": PASSWORD},
                    headers=who.headers,
                )
            )
            for name, who in (("ada", ada), ("phone", phone))
        ]

    assert sorted(task.result().status_code for task in tasks) in ([200, 401], [200, 403], [200, 409])


async def test_sign_in_under_way_does_not_survive_a_new_password(
    client: httpx.AsyncClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sign-in with the old password may be verified just before the change and stored just after."""
    ada = await register(client, "ada")
    change = {"password": "another good one", "current_password": PASSWORD}
    check = type(runtime.passwords).check
    late: list[httpx.Response] = []

    async def check_then_change(
        self: Passwords, password: str, stored_hash: str | None, *, address: str = ""
    ) -> Verdict:
        verdict = await check(self, password, stored_hash, address=address)
        monkeypatch.undo()
        late.append(await client.patch(ME, json=change, headers=ada.headers))
        return verdict

    monkeypatch.setattr(Passwords, "check", check_then_change)
    answer = await client.post(TOKEN, data={"username": ada.email, "password": PASSWORD})

    assert [answer.status_code for answer in late] == [200]
    assert answer.status_code == 401


async def test_signing_in_leaves_the_loop_and_the_pool_to_others(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one database connection, others read while a password is being hashed."""
    small = settings.model_copy(update={"database_pool_size": 1, "database_pool_overflow": 0})
    async with running_app(small) as app, client_of(app) as client:
        ada = await register(client, "ada")
        is_hashing, goes_on = threading.Event(), threading.Event()
        verify = PasswordHash.verify_and_update

        def held_up(argon2: PasswordHash, password: str | bytes, hashed: str | bytes) -> tuple[bool, str | None]:
            is_hashing.set()
            assert goes_on.wait(60)
            return verify(argon2, password, hashed)

        monkeypatch.setattr(PasswordHash, "verify_and_update", held_up)
        async with asyncio.TaskGroup() as group:
            group.create_task(sign_in(client, ada.email))
            try:
                assert await asyncio.to_thread(is_hashing.wait, 60)
                for _ in range(5):
                    assert (await client.get(ME, headers=ada.headers)).status_code == 200
            finally:
                goes_on.set()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/me"),
        ("PATCH", "/me"),
        ("GET", "/sessions"),
        ("DELETE", "/sessions/x"),
        ("POST", "/ticket"),
        ("POST", "/logout"),
    ],
)
async def test_every_route_and_socket_requires_our_access_token(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    ada = await register(client, "ada")
    ticket = (await client.post("/api/v1/auth/ticket", headers=ada.headers)).json()["ticket"]
    no_keys = [
        "",
        "Bearer",
        "Bearer ",
        "Bearer a.b.c",
        "Bearer null",
        "Basic YWRhOnNlY3JldA==",
        "Bearer " + "x" * 10_000,
        f"Token {ada.access_token}",
        f"Bearer {ada.access_token}x",
        f"Bearer {ada.refresh_token}",
        f"Bearer {ticket}",
    ]

    for headers in ({}, *({"Authorization": text} for text in no_keys)):
        answer = await client.request(method, f"/api/v1/auth{path}", headers=headers)

        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED"), headers
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert (await client.get(ME, headers=ada.headers)).status_code == 200
