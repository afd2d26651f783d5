"""Quotas of people and projects: a clear answer at the limit, and no change."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from roomful.db.base import now
from roomful.identity.models import EXTERNAL, SignIn
from roomful.identity.sign_ins import ENDED_KEPT_FOR, purge_expired
from roomful.runtime import Runtime
from roomful.settings import Settings
from roomful.web import idempotency
from tests.conftest import settings_for
from tests.support.api import Api, Person
from tests.support.app import client_of, running_app, serving
from tests.support.subscribers import Subscriber


@pytest.fixture
def settings(database_url: str) -> Settings:
    quotas = {
        "max_projects_per_user": 3,
        "max_memberships_per_user": 4,
        "max_members_per_project": 3,
        "max_tasks_per_project": 5,
        "max_columns_per_project": 5,
        "max_labels_per_project": 3,
        "max_sign_ins_per_user": 3,
        "max_idempotency_keys_per_user": 4,
    }
    return settings_for(database_url).model_copy(update=quotas)


async def test_projects_of_an_owner(ada: Person) -> None:
    answers = await at_once(*[ada.request("POST", "/projects", json={"name": "Apollo"}) for _ in range(8)])
    assert answers == {201: 3, 409: 5}
    refused = await ada.request("POST", "/projects", json={"name": "Apollo"})
    assert refused.json()["code"] == "LIMIT_REACHED"
    projects = await ada.get("/projects")
    assert len(projects) == 3
    await ada.patch(f"/projects/{projects[0]['id']}", {"status": "archived"})
    await ada.post("/projects", {"name": "Gemini"}, expect=409)
    await ada.delete(f"/projects/{projects[0]['id']}")
    await ada.create_project()


async def test_a_project_is_not_handed_to_an_owner_of_many(api: Api, ada: Person) -> None:
    bob = await api.register("bob")
    for _ in range(3):
        await bob.create_project()
    project = await ada.create_project()
    await ada.add_member(project, bob)
    refused = await ada.patch(f"{project.path}/members/{bob.id}", {"role": "owner"}, expect=409)
    assert refused["code"] == "LIMIT_REACHED"
    assert (await ada.snapshot(project))["project"]["owner_id"] == ada.id
    assert (await ada.all_events(project))[-1]["type"] == "member.added"


async def test_members_of_a_project(api: Api, ada: Person) -> None:
    project = await ada.create_project()
    others = [await api.register(f"p{number}") for number in range(5)]
    body = {"role": "viewer"}
    asked = [ada.request("POST", f"{project.path}/members", json={"user_id": one.id, **body}) for one in others]
    assert await at_once(*asked) == {201: 2, 409: 3}
    refused = await ada.request("POST", f"{project.path}/members", json={"user_id": others[4].id, **body})
    assert refused.json()["code"] in ("LIMIT_REACHED", "CONFLICT")
    assert len(await ada.get(f"{project.path}/members")) == len(await ada.all_events(project)) == 3


async def test_memberships_of_a_person(api: Api, ada: Person) -> None:
    """Whoever adds them and when; a person at the limit can still create projects."""
    bob, cleo = await api.register("bob"), await api.register("cleo")
    owned = [(owner, await owner.create_project()) for owner in (bob, cleo) for _ in range(3)]
    asked = [
        owner.request("POST", f"{project.path}/members", json={"user_id": ada.id, "role": "viewer"})
        for owner, project in owned
    ]
    assert await at_once(*asked) == {201: 4, 409: 2}
    own = await ada.create_project()
    assert (await ada.get(own.path))["role"] == "owner"


async def test_tasks_of_a_project(ada: Person) -> None:
    project = await ada.create_project()
    asked = [ada.request("POST", f"{project.path}/tasks", json={"title": "Fly"}) for _ in range(9)]
    assert await at_once(*asked) == {201: 5, 409: 4}
    refused = await ada.request("POST", f"{project.path}/tasks", json={"title": "Fly"}, Idempotency_Key="one")
    assert refused.json()["code"] == "LIMIT_REACHED"
    tasks = await ada.get(f"{project.path}/tasks")
    assert len(tasks) == (await ada.get(project.path))["task_count"] == 5
    await ada.delete(f"{project.path}/tasks/{tasks[0]['id']}")
    # A refusal is not kept for its key.
    await ada.post(f"{project.path}/tasks", {"title": "Fly"}, Idempotency_Key="one")


async def test_columns_of_a_project(ada: Person) -> None:
    project = await ada.create_project()
    body = {"name": "Review", "category": "in_progress"}
    asked = [ada.request("POST", f"{project.path}/columns", json=body) for _ in range(4)]
    assert await at_once(*asked) == {201: 2, 409: 2}
    refused = await ada.request("POST", f"{project.path}/columns", json=body)
    assert refused.json()["code"] == "LIMIT_REACHED"
    columns = await ada.get(f"{project.path}/columns")
    assert len(columns) == 5
    await ada.delete(f"{project.path}/columns/{columns[2]['id']}")
    await ada.post(f"{project.path}/columns", body)


async def test_labels_of_a_project(ada: Person) -> None:
    project = await ada.create_project()
    asked = [ada.request("POST", f"{project.path}/labels", json={"name": str(number)}) for number in range(5)]
    assert await at_once(*asked) == {201: 3, 409: 2}
    first, second, third = await ada.get(f"{project.path}/labels")
    task = await ada.create_task(project, labels=[first["name"]])
    refused = await ada.post(f"{project.path}/tasks", {"title": "Land", "labels": [second["name"], "new"]}, expect=409)
    assert refused["code"] == "LIMIT_REACHED"
    where = f"{project.path}/tasks/{task['id']}"
    await ada.patch(where, {"labels_add": ["new"], "title": "Land"}, expect=409)
    await ada.patch(where, {"labels": ["new"], "status": "done"}, expect=409)
    assert await ada.get(f"{project.path}/tasks") == [task]
    await ada.delete(f"{project.path}/labels/{third['id']}")
    changed = await ada.patch(where, {"labels_add": ["new", second["name"]]})
    assert changed["labels"] == [first["name"], "new", second["name"]]


async def test_sign_ins_of_a_person(api: Api, ada: Person) -> None:
    """The one unused for longest ends, with its sockets; the new one is never refused."""
    second, third = await api.sign_in(ada.email), await api.sign_in(ada.email)
    refreshed = await api.http.post("/api/v1/auth/refresh", json={"refresh_token": ada.refresh_token})
    assert refreshed.status_code == 200
    fourth = await api.sign_in(ada.email)
    assert len(await fourth.get("/auth/sessions")) == 3
    await second.get("/auth/me", expect=401)
    for person in (ada, third, fourth):
        await person.get("/auth/me")


async def test_sockets_of_a_sign_in_that_had_to_make_room_close(settings: Settings) -> None:
    async with serving(settings) as live:
        first = await live.api.register("ada")
        async with Subscriber(live.socket_url, token=first.token) as subscriber:
            for _ in range(3):
                await live.api.sign_in(first.email)
            await subscriber.expect_close(3503)


async def test_ended_sign_ins_leave_no_rows_for_ever(api: Api, ada: Person, runtime: Runtime) -> None:
    """Except those of external tokens, which would start again."""
    for _ in range(6):
        await api.sign_in(ada.email)
    async with runtime.transaction() as session:
        one = (await session.scalars(select(SignIn.id).where(SignIn.revoked_at.is_not(None)).limit(1))).one()
        await session.execute(update(SignIn).where(SignIn.id == one).values(generation=EXTERNAL))
        past = now() - ENDED_KEPT_FOR - timedelta(seconds=1)
        await session.execute(update(SignIn).where(SignIn.revoked_at.is_not(None)).values(revoked_at=past))
    async with runtime.transaction() as session:
        assert await purge_expired(session) == 3
    async with runtime.database.read() as session:
        assert len((await session.scalars(select(SignIn.id))).all()) == 4


async def test_idempotency_keys_of_a_person(api: Api, ada: Person) -> None:
    project = await ada.create_project()
    kept = [await ada.post(f"{project.path}/tasks", {"title": "Fly"}, Idempotency_Key=f"k{n}") for n in range(4)]
    refused = await ada.post(f"{project.path}/tasks", {"title": "Fly"}, expect=409, Idempotency_Key="k4")
    assert refused["code"] == "LIMIT_REACHED"
    assert len(await ada.get(f"{project.path}/tasks")) == 4
    # Kept answers are still repeated, and other people are not affected.
    again = await ada.request("POST", f"{project.path}/tasks", json={"title": "Fly"}, Idempotency_Key="k2")
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (kept[2], "true")
    bob = await api.register("bob")
    await bob.post("/projects", {"name": "Gemini"}, Idempotency_Key="k4")
    await ada.create_task(project)


async def test_kept_answers_are_bounded_in_bytes(ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "MAX_KEPT_BYTES", 20_000)
    project = await ada.create_project()
    body = {"title": "Fly", "description": "🚀" * 10_000}
    await ada.post(f"{project.path}/tasks", body, Idempotency_Key="k0")
    refused = await ada.post(f"{project.path}/tasks", body, expect=409, Idempotency_Key="k1")
    assert refused["code"] == "LIMIT_REACHED"


@pytest.mark.usefixtures("no_refills")
async def test_renames_of_a_person(settings: Settings) -> None:
    async with (
        running_app(settings.model_copy(update={"rate_limit_renames": 2})) as app,
        client_of(app) as client,
    ):
        ada = await Api(client).register("ada")
        for name in ("Ada", "Ada 1", "Ada 1", "Ada 2"):  # the same name is no rename
            await ada.patch("/auth/me", {"name": name})
        refused = await ada.request("PATCH", "/auth/me", json={"name": "Ada 3"})
        assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMITED")
        assert int(refused.headers["Retry-After"]) <= 30
        assert (await ada.get("/auth/me"))["name"] == "Ada 2"


async def test_0_is_without_limit(settings: Settings) -> None:
    off = {name: 0 for name in Settings.model_fields if name.startswith("max_") and name.endswith(("user", "project"))}
    async with running_app(settings.model_copy(update=off)) as app, client_of(app) as client:
        ada = await Api(client).register("ada")
        for number in range(6):
            project = await ada.create_project()
            await ada.post(f"{project.path}/tasks", {"title": "Fly"}, Idempotency_Key=f"k{number}")


async def at_once(*requests: Coroutine[Any, Any, httpx.Response]) -> Counter[int]:
    """The number of answers with each status."""
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(request) for request in requests]
    return Counter(each.result().status_code for each in asked)
