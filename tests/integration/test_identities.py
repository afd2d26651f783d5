"""One identity has one spelling wherever it comes in, and names hide nothing."""

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from roomful.accounts import operator
from roomful.errors import Conflict
from roomful.identity.people import add_person
from roomful.runtime import Runtime
from roomful.settings import Settings
from tests.support.api import PASSWORD, Api
from tests.support.app import client_of, running_app
from tests.support.people import register, sign_in
from tests.support.provider import provider_of_three_keys, token, tokens_of

AUTH = "/api/v1/auth"

SPELLINGS = [
    ("jos\u00e9@example.org", "jose\u0301@example.org"),
    ("bob@b\u00fccher.example", "bob@xn--bcher-kva.example"),
    ("bob@BU\u0308CHER.example", "Bob@b\u00fccher.example."),
]


@pytest.mark.parametrize(("one", "other"), SPELLINGS, ids=ascii)
async def test_two_spellings_of_an_address_are_one_account(client: httpx.AsyncClient, one: str, other: str) -> None:
    body = {"email": one, "password": PASSWORD, "name": "Bob"}
    registered = await client.post(f"{AUTH}/register", json=body)
    assert registered.status_code == 201, registered.text

    again = await client.post(f"{AUTH}/register", json=body | {"email": other})

    assert (again.status_code, again.json()["code"]) == (409, "CONFLICT")
    for spelling in (one, other):
        assert (await sign_in(client, spelling)).id == registered.json()["user"]["id"]


@pytest.mark.parametrize(("one", "other"), SPELLINGS, ids=ascii)
async def test_account_made_by_the_operator_is_found_by_every_spelling(
    client: httpx.AsyncClient, runtime: Runtime, one: str, other: str
) -> None:
    database = runtime.database
    bob = await operator.create_user(database, runtime.passwords, email=one, name="Bob", password=PASSWORD)
    with pytest.raises(Conflict):
        await operator.create_user(database, runtime.passwords, email=other, name="Bob", password=PASSWORD)

    assert (await sign_in(client, other)).id == bob.id
    async with database.read() as session:
        assert (await operator.find_user(session, other)).id == bob.id
    ada = await Api(client).register("ada")
    project = await ada.create_project()
    added = await ada.post(f"{project.path}/members", {"email": other, "role": "viewer"})
    assert added["user_id"] == bob.id


async def test_look_alike_address_is_not_taken_over(client: httpx.AsyncClient, app: FastAPI) -> None:
    """NFC makes the Kelvin sign a K and lower-casing a k; to a mail server it is neither."""
    kim = await register(client, "kim")
    async with tokens_of(provider_of_three_keys()) as external:
        claims = await external.verify(token(email="\u212aim@example.org"))
        assert claims.email is None
        assert (await external.verify(token(email="KIM@example.org"))).email == kim.email


@pytest.mark.usefixtures("no_refills")
async def test_spellings_share_one_allowance_of_wrong_passwords(settings: Settings) -> None:
    limited = settings.model_copy(update={"rate_limit_sign_in": 2})
    async with running_app(limited) as app, client_of(app) as client:
        statuses = []
        for spelling in ("jos\u00e9@example.org", "jose\u0301@example.org", "JOS\u00e9@example.org"):
            form = {"username": spelling, "password": "wrong one"}
            statuses.append((await client.post(f"{AUTH}/token", data=form)).status_code)

        assert statuses == [401, 401, 429]


HIDDEN = ["\u200b", "\u3164", "\u2800", "Ada\u202egnp", "Ada\u200b", "ad\u200dmin", "\u2066Ada\u2069"]


@pytest.mark.parametrize("name", HIDDEN, ids=ascii)
async def test_names_with_hidden_characters_are_refused(api: Api, name: str) -> None:
    body = {"email": "eve@example.org", "password": PASSWORD, "name": name}
    answers = [await api.http.post(f"{AUTH}/register", json=body)]
    ada = await api.register("ada")
    project = await ada.create_project()
    task = await ada.create_task(project)
    before = await ada.snapshot(project)
    answers += [
        await ada.request("PATCH", "/auth/me", json={"name": name}),
        await ada.request("POST", "/projects", json={"name": name}),
        await ada.request("PATCH", project.path, json={"name": name}),
        await ada.request("POST", f"{project.path}/tasks", json={"title": name}),
        await ada.request("POST", f"{project.path}/tasks", json={"title": "Fly", "labels": [name]}),
        await ada.request("PATCH", f"{project.path}/tasks/{task['id']}", json={"title": name}),
        await ada.request("PATCH", f"{project.path}/tasks/{task['id']}", json={"labels": [name]}),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(422, "VALIDATION")] * len(answers)
    assert await ada.snapshot(project) == before


async def test_families_and_flags_are_names_like_others(api: Api) -> None:
    ada = await api.register("ada")
    for name in ("\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"):
        assert (await ada.patch("/auth/me", {"name": name}))["name"] == name
        assert (await ada.post("/projects", {"name": name}))["name"] == name


async def test_names_stored_before_stay_readable(api: Api, runtime: Runtime) -> None:
    ada = await api.register("ada")
    project = await ada.create_project()
    task = await ada.create_task(project)
    async with runtime.transaction() as session:
        for statement in (
            "UPDATE project SET name = :old",
            "UPDATE task SET title = :old",
            'UPDATE "user" SET name = :old',
        ):
            await session.execute(text(statement), {"old": "\u202eold"})

    snapshot = await ada.snapshot(project)

    named = (snapshot["project"]["name"], snapshot["tasks"][0]["title"], snapshot["members"][0]["name"])
    assert named == ("\u202eold",) * 3
    changed = await ada.change_task(project, task, status="done")
    assert (changed["title"], changed["status"]) == ("\u202eold", "done")


async def test_account_that_lost_its_address_signs_in_by_what_the_list_shows(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    older = await register(client, "ada")
    async with runtime.transaction() as session:
        younger = await add_person(
            session, email="ada@example.org (2)", name="Ada", password_hash=await runtime.passwords.hash(PASSWORD)
        )

    assert (await sign_in(client, "ada@example.org")).id == older.id
    assert (await sign_in(client, " Ada@example.org (2)")).id == younger.id
    async with runtime.database.read() as session:
        assert [user.id async for user in operator.list_users(session, conflicts=True)] == [younger.id]
    body = {"email": "ada@example.org (2)", "password": PASSWORD, "name": "Eve"}
    assert (await client.post(f"{AUTH}/register", json=body)).status_code == 422

    async with runtime.transaction() as session:
        user = await operator.find_user(session, "ada@example.org (2)")
        await operator.change_address(session, user, "Ada.L@example.org")
    assert (await sign_in(client, "ada.l@example.org")).id == younger.id
    async with runtime.database.read() as session:
        assert [user.id async for user in operator.list_users(session, conflicts=True)] == []
    async with runtime.database.write() as session:
        with pytest.raises(Conflict):
            await operator.change_address(session, await operator.find_user(session, "ada.l@example.org"), older.email)
