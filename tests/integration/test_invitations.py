"""Invitations by link: what they admit to, whom, how often and how long."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, text, update

from roomful.db.base import now
from roomful.identity.models import USER
from roomful.identity.revocations import activate, deactivate
from roomful.identity.verifier import Verifier
from roomful.invitations import service
from roomful.invitations.models import INVITATION
from roomful.invitations.tokens import InvitationTokens
from roomful.runtime import Runtime
from roomful.settings import Settings
from tests.support.api import API, PASSWORD, Api, Json, Person, Project
from tests.support.app import client_of, running_app
from tests.support.inbox import all_told, reasons
from tests.support.provider import provider_of_three_keys, token, tokens_of

DAY_SECONDS = 86_400


async def invite(owner: Person, project: Project, role: str = "editor", **fields: object) -> tuple[Json, str]:
    """The new invitation and its token."""
    made: Json = await owner.post(f"{project.path}/invitations", {"role": role, **fields})
    return made, made["url"].rpartition("/")[2]


async def join(person: Person, link: str) -> httpx.Response:
    return await person.request("POST", f"/invitations/{link}/accept")


async def look(api: Api, link: str) -> httpx.Response:
    return await api.http.get(f"{API}/invitations/{link}")


async def register(api: Api, link: str | None, email: str = "grace@example.org") -> httpx.Response:
    body = {"email": email, "name": "Grace Hopper", "password": PASSWORD}
    return await api.http.post(f"{API}/auth/register", json=body if link is None else {**body, "invitation": link})


def outcome(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def at_once(*asked: Coroutine[Any, Any, httpx.Response]) -> list[httpx.Response]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in asked]
    return [task.result() for task in tasks]


async def members_of(owner: Person, project: Project) -> dict[str, str]:
    return {member["user_id"]: member["role"] for member in await owner.get(f"{project.path}/members")}


async def let_expire(runtime: Runtime, made: Json) -> None:
    async with runtime.transaction() as session:
        past = now() - timedelta(seconds=1)
        await session.execute(update(INVITATION).values(expires_at=past).where(INVITATION.c.id == made["id"]))


@pytest.fixture
async def ada(api: Api) -> Person:
    return await api.register("ada", "Lovelace")


@pytest.fixture
async def bob(api: Api) -> Person:
    return await api.register("bob", "Builder")


@pytest.fixture
async def project(ada: Person) -> Project:
    return await ada.create_project()


async def test_a_link_admits_one_person_once(api: Api, runtime: Runtime, ada: Person, project: Project) -> None:
    bob, cleo = await api.register("bob"), await api.register("cleo")
    made, link = await invite(ada, project, "viewer")
    assert made["url"] == f"/#/join/{link}"
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", link)
    assert (made["role"], made["email"], made["max_uses"], made["uses"], made["mail"]) == ("viewer", None, 1, 0, None)
    shown = await look(api, link)
    assert (shown.status_code, shown.json()) == (
        200,
        {"project_name": "Apollo", "role": "viewer", "invited_by": "Ada Lovelace", "address_required": False},
    )

    joined = await join(bob, link)
    assert joined.status_code == 200
    body = joined.json()
    assert (body["id"], body["name"], body["role"]) == (project.id, "Apollo", "viewer")
    event = (await ada.all_events(project))[-1]
    assert (event["type"], event["actor_id"], event["offset"]) == ("member.added", bob.id, body["offset"])
    assert (event["data"]["member"]["user_id"], event["data"]["member"]["role"]) == (bob.id, "viewer")

    again = await join(bob, link)
    assert (again.status_code, again.json()) == (200, body)
    assert outcome(await look(api, link)) == outcome(await join(cleo, link)) == (410, "GONE")
    assert "used" in (await look(api, link)).json()["error"]
    assert await members_of(ada, project) == {ada.id: "owner", bob.id: "viewer"}
    assert await ada.get(f"{project.path}/invitations") == []
    await all_told(runtime)
    assert await reasons(bob) == [("added", "Apollo", 1)]
    assert await reasons(ada) == []


async def test_members_count_no_use_and_keep_their_role(ada: Person, bob: Person, project: Project) -> None:
    await ada.add_member(project, bob, "viewer")
    made, link = await invite(ada, project, max_uses=2)
    for person, role in ((ada, "owner"), (bob, "viewer")):
        answer = await join(person, link)
        assert (answer.status_code, answer.json()["role"]) == (200, role)
    [listed] = await ada.get(f"{project.path}/invitations")
    assert listed == {name: value for name, value in made.items() if name != "url"}


async def test_only_the_owner_has_to_do_with_invitations(api: Api, ada: Person, bob: Person, project: Project) -> None:
    cleo, stranger = await api.register("cleo"), await api.register("eve")
    await ada.add_member(project, bob, "editor")
    await ada.add_member(project, cleo, "viewer")
    made, _ = await invite(ada, project)
    path = f"{project.path}/invitations"
    for person, expected in ((bob, (403, "FORBIDDEN")), (cleo, (403, "FORBIDDEN")), (stranger, (404, "NOT_FOUND"))):
        assert outcome(await person.request("GET", path)) == expected
        assert outcome(await person.request("POST", path, json={"role": "viewer"})) == expected
        assert outcome(await person.request("DELETE", f"{path}/{made['id']}")) == expected
    for method, where in (("GET", path), ("POST", path), ("DELETE", f"{path}/{made['id']}")):
        assert (await api.http.request(method, API + where, json={"role": "viewer"})).status_code == 401
    assert len(await ada.get(path)) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"role": "owner"},
        {"role": "editor", "max_uses": 0},
        {"role": "editor", "max_uses": 1_001},
        {"role": "editor", "max_uses": "2"},
        {"role": "editor", "expires_in": 0},
        {"role": "editor", "expires_in": 90 * DAY_SECONDS + 1},
        {"role": "editor", "email": "nobody"},
        {"role": "editor", "email": "grace@example.org", "max_uses": 2},
        {"role": "editor", "name": "Grace"},
    ],
)
async def test_impossible_invitations(ada: Person, project: Project, body: Json) -> None:
    assert outcome(await ada.request("POST", f"{project.path}/invitations", json=body)) == (422, "VALIDATION")
    assert await ada.get(f"{project.path}/invitations") == []


async def test_an_invitation_lasts_seven_days_unless_it_says_otherwise(
    api: Api, runtime: Runtime, ada: Person, bob: Person, project: Project
) -> None:
    usual, link = await invite(ada, project)
    short, _ = await invite(ada, project, expires_in=60)
    async with runtime.database.read() as session:
        rows = (await session.execute(select(INVITATION))).all()
    lives = {row.id: row.expires_at - row.created_at for row in rows}
    assert lives == {usual["id"]: timedelta(days=7), short["id"]: timedelta(seconds=60)}
    await let_expire(runtime, usual)
    for answer in (await look(api, link), await join(bob, link)):
        assert outcome(answer) == (410, "GONE")
        assert "expired" in answer.json()["error"]
    assert [each["id"] for each in await ada.get(f"{project.path}/invitations")] == [short["id"]]


async def test_a_withdrawn_invitation_admits_nobody_more(
    api: Api, runtime: Runtime, ada: Person, bob: Person, project: Project
) -> None:
    made, link = await invite(ada, project, max_uses=3)
    other = await ada.create_project("Gemini")
    assert (await join(bob, link)).status_code == 200
    await ada.delete(f"{other.path}/invitations/{made['id']}", expect=404)
    await ada.delete(f"{project.path}/invitations/{made['id']}")
    await ada.delete(f"{project.path}/invitations/{made['id']}", expect=404)
    cleo = await api.register("cleo")
    assert outcome(await look(api, link)) == outcome(await join(cleo, link)) == (410, "GONE")
    assert bob.id in await members_of(ada, project)
    async with runtime.transaction() as session:
        long_ago = now() - service.KEPT_AFTER_EXPIRY - timedelta(minutes=1)
        await session.execute(update(INVITATION).values(expires_at=long_ago))
        assert (await service.purge(session), await service.purge(session)) == (1, 0)
    assert outcome(await look(api, link)) == (404, "NOT_FOUND")


async def test_an_invitation_ends_with_its_inviters_ownership(
    api: Api, runtime: Runtime, ada: Person, bob: Person, project: Project
) -> None:
    cleo = await api.register("cleo")
    _, link = await invite(ada, project, max_uses=5)
    async with runtime.transaction() as session:
        await deactivate(session, ada.id)
    assert outcome(await look(api, link)) == outcome(await join(cleo, link)) == (410, "GONE")
    async with runtime.transaction() as session:
        await activate(session, ada.id)
    ada = await api.sign_in(ada.email)
    assert (await look(api, link)).status_code == 200
    await ada.add_member(project, bob)
    await ada.patch(f"{project.path}/members/{bob.id}", {"role": "owner"})
    assert outcome(await look(api, link)) == outcome(await join(cleo, link)) == (410, "GONE")
    assert await bob.get(f"{project.path}/invitations") == []


async def test_archived_and_deleted_projects(api: Api, ada: Person, bob: Person, project: Project) -> None:
    _, link = await invite(ada, project)
    await ada.patch(project.path, {"status": "archived"})
    assert outcome(await join(bob, link)) == (409, "CONFLICT")
    refused = await ada.request("POST", f"{project.path}/invitations", json={"role": "viewer"})
    assert outcome(refused) == (409, "CONFLICT")
    await ada.patch(project.path, {"status": "active"})
    assert (await join(bob, link)).status_code == 200
    _, link = await invite(ada, project)
    await ada.delete(project.path)
    assert outcome(await look(api, link)) == outcome(await join(bob, link)) == (404, "NOT_FOUND")


@pytest.mark.parametrize("link", ["x", "A" * 43, "A" * 5_000, "%20", "é", "019a7f5e-0b7e-7c3e-9d55-0f6f7a4d1c20"])
async def test_wrong_tokens_are_not_found(api: Api, ada: Person, project: Project, link: str) -> None:
    _, right = await invite(ada, project)
    for wrong in (link, right[:-1], right + "A", right.swapcase()):
        assert outcome(await look(api, wrong)) == outcome(await join(ada, wrong)) == (404, "NOT_FOUND")
        assert outcome(await register(api, wrong[:200])) == (403, "FORBIDDEN")


async def test_an_address_admits_that_person_only(api: Api, ada: Person, bob: Person, project: Project) -> None:
    made, link = await invite(ada, project, email=f"  {bob.email.upper()}")
    assert made["email"] == bob.email
    shown = await look(api, link)
    assert shown.json()["address_required"] is True
    assert bob.email not in shown.text
    eve = await api.register("eve")
    for refused in (await join(eve, link), await register(api, link)):
        assert outcome(refused) == (403, "FORBIDDEN")
        assert bob.email not in refused.text
    assert (await join(bob, link)).status_code == 200


@pytest.mark.parametrize("registration", ["open", "invited", "closed"])
async def test_registration_by_invitation(settings: Settings, registration: str) -> None:
    """One account for one use: whoever has a link can't make accounts with it."""
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(running_app(settings))
        api = Api(await stack.enter_async_context(client_of(app)))
        ada = await api.register("ada")
        project = await ada.create_project()
        _, link = await invite(ada, project)
        withdrawn, gone = await invite(ada, project)
        await ada.delete(f"{project.path}/invitations/{withdrawn['id']}")

        same = settings.model_copy(update={"registration": registration})
        app = await stack.enter_async_context(running_app(same))
        api = Api(await stack.enter_async_context(client_of(app)))
        if registration == "closed":
            assert outcome(await register(api, link)) == (403, "FORBIDDEN")
            return
        if registration == "invited":
            assert outcome(await register(api, None)) == (403, "FORBIDDEN")
        assert outcome(await register(api, gone)) == (410, "GONE")
        assert outcome(await register(api, link, ada.email)) == (409, "CONFLICT")
        first, second = await at_once(register(api, link), register(api, link, "eve@example.org"))
        assert sorted((first.status_code, second.status_code)) == [201, 410]
        answer = (first if first.status_code == 201 else second).json()
        grace = Person(api.http, answer["user"]["id"], "", "Grace Hopper", answer["access_token"], "")
        assert [each["id"] for each in await grace.get("/projects")] == [project.id]
        assert (await join(grace, link)).status_code == 200
        async with app.state.runtime.database.read() as session:
            assert (await session.execute(select(func.count()).select_from(USER))).scalar_one() == 2


async def test_uses_are_never_exceeded(settings: Settings) -> None:
    """Twenty accept at once by two nodes on one database; seven may."""
    async with AsyncExitStack() as stack:
        nodes = [await stack.enter_async_context(running_app(settings)) for _ in range(2)]
        apis = [Api(await stack.enter_async_context(client_of(node))) for node in nodes]
        ada = await apis[0].register("ada")
        project = await ada.create_project()
        _, link = await invite(ada, project, max_uses=7)
        people = [await apis[number % 2].register(f"p{number}") for number in range(20)]
        answers = await at_once(*(join(person, link) for person in people))
        assert Counter(map(outcome, answers)) == {(200, ""): 7, (410, "GONE"): 13}
        joined = {person.id for person, answer in zip(people, answers, strict=True) if answer.status_code == 200}
        assert set(await members_of(ada, project)) == {ada.id, *joined}
        events = [event for event in await ada.all_events(project) if event["type"] == "member.added"]
        assert {event["actor_id"] for event in events} == joined


async def test_one_person_who_accepts_often_at_once_counts_once(ada: Person, bob: Person, project: Project) -> None:
    _, link = await invite(ada, project, max_uses=2)
    answers = await at_once(*(join(bob, link) for _ in range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8
    [listed] = await ada.get(f"{project.path}/invitations")
    assert listed["uses"] == 1
    assert [event["type"] for event in await ada.all_events(project)] == ["project.created", "member.added"]


async def test_repeated_requests_get_their_first_answer(
    api: Api, runtime: Runtime, ada: Person, bob: Person, project: Project
) -> None:
    path = f"{project.path}/invitations"
    first, again = [await ada.request("POST", path, json={"role": "editor"}, Idempotency_Key="k") for _ in range(2)]
    assert int(again.headers["Content-Length"]) == len(again.content)  # servers refuse to send another length
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert len(await ada.get(path)) == 1
    link = first.json()["url"].rpartition("/")[2]
    accepted = [await bob.request("POST", f"/invitations/{link}/accept", Idempotency_Key="k") for _ in range(2)]
    assert accepted[0].content == accepted[1].content
    assert accepted[1].headers["Idempotency-Replayed"] == "true"
    await ada.remove_member(project, bob)
    late = await bob.request("POST", f"/invitations/{link}/accept", Idempotency_Key="k")
    assert outcome(late) == (404, "NOT_FOUND")


async def test_the_token_is_stored_nowhere(app: FastAPI, runtime: Runtime, ada: Person, bob: Person) -> None:
    project = await ada.create_project()
    answer = await ada.request("POST", f"{project.path}/invitations", json={"role": "editor"}, Idempotency_Key="k")
    link = answer.json()["url"].rpartition("/")[2]
    await bob.request("POST", f"/invitations/{link}/accept", Idempotency_Key="k")
    async with runtime.database.read() as session:
        for table in ("invitation", "idempotent_answer", "event", "notification"):
            rows: Any = await session.execute(text(f"SELECT * FROM {table}"))
            assert link not in str(
                [[bytes(cell) if isinstance(cell, memoryview) else cell for cell in r] for r in rows]
            )


async def test_slow_requests_are_logged_without_the_token(
    api: Api, ada: Person, project: Project, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _, link = await invite(ada, project)
    monkeypatch.setattr("roomful.web.middleware.SLOW_MILLISECONDS", -1)
    assert (await look(api, link)).status_code == 200
    assert (await api.http.get(f"/api/v1/%69nvitations/{link}")).status_code == 200
    await join(ada, link)
    paths = [getattr(record, "path", "") for record in caplog.records]
    assert "/api/v1/invitations/(token)" in paths
    assert link not in caplog.text
    assert not any(link in path for path in paths)


@pytest.fixture
async def small(settings: Settings) -> AsyncIterator[Api]:
    quotas = {"max_invitations_per_project": 2, "max_members_per_project": 2, "max_memberships_per_user": 1}
    async with running_app(settings.model_copy(update=quotas)) as app, client_of(app) as client:
        yield Api(client)


async def test_limits(small: Api) -> None:
    ada, bob, cleo = [await small.register(name) for name in ("ada", "bob", "cleo")]
    project = await ada.create_project()
    path = f"{project.path}/invitations"
    asked = [ada.request("POST", path, json={"role": "editor", "max_uses": 9}) for _ in range(5)]
    answers = await at_once(*asked)
    assert Counter(map(outcome, answers)) == {(201, ""): 2, (409, "LIMIT_REACHED"): 3}
    one, two = await ada.get(path)
    await ada.delete(f"{path}/{one['id']}")
    _, link = await invite(ada, project, max_uses=9)
    assert (await join(bob, link)).status_code == 200
    assert outcome(await join(cleo, link)) == (409, "LIMIT_REACHED")
    await ada.remove_member(project, bob)
    await bob.create_project()
    assert outcome(await join(bob, link)) == (409, "LIMIT_REACHED")
    uses = {each["id"]: each["uses"] for each in await ada.get(path)}
    assert sorted(uses.values()) == [0, 1]
    assert uses[two["id"]] == 0


@pytest.mark.usefixtures("no_refills")
async def test_a_person_makes_only_so_many_a_minute(settings: Settings) -> None:
    limited = settings.model_copy(update={"rate_limit_invitations": 2, "rate_limit_reads": 1})
    async with running_app(limited) as app, client_of(app) as client:
        ada = await Api(client).register("ada")
        project = await ada.create_project()
        path = f"{project.path}/invitations"
        answers = [await ada.request("POST", path, json={"role": "viewer"}) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [201, 201, 429, 429]
        assert int(answers[-1].headers["Retry-After"]) > 0
        looks = [await client.get(f"{API}/invitations/x") for _ in range(6)]
        looks += [await ada.request("GET", "/invitations/x") for _ in range(6)]
        assert [answer.status_code for answer in looks] == [404] * 10 + [429] * 2


async def test_people_of_an_identity_provider_join_too(
    app: FastAPI, api: Api, runtime: Runtime, ada: Person, project: Project
) -> None:
    _, link = await invite(ada, project, email="ada@example.org")
    async with tokens_of(provider_of_three_keys()) as external:
        app.state.runtime = replace(runtime, verifier=Verifier(runtime.tokens, external, runtime.database))
        headers = {"Authorization": f"Bearer {token()}"}
        answer = await api.http.post(f"{API}/invitations/{link}/accept", headers=headers)
        assert (answer.status_code, answer.json()["role"]) == (200, "editor")


async def test_a_new_key_leaves_old_links_as_they_are(
    app: FastAPI, api: Api, runtime: Runtime, ada: Person, bob: Person, project: Project
) -> None:
    made, link = await invite(ada, project)
    app.state.runtime = replace(runtime, invitation_key=b"another")
    _, new = await invite(ada, project)
    assert new != link
    assert InvitationTokens(b"another", public_url=None).issue(made["id"]) != link
    assert (await look(api, link)).status_code == 200
    assert (await join(bob, link)).status_code == 200
