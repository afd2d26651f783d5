"""Documents: their routes, rights and events, the trash."""

import asyncio
from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, update

from roomful.db.base import now
from roomful.documents.models import DOCUMENT
from roomful.retention import purge_expired
from roomful.roomstore.models import ROOM, STATE
from roomful.runtime import Runtime
from roomful.settings import Settings
from tests.conftest import settings_for
from tests.support.api import Api, Json, Person, Project

NOWHERE = "019a7f5e-0000-7000-8000-000000000000"


@pytest.fixture
def settings(database_url: str) -> Settings:
    return settings_for(database_url).model_copy(update={"max_documents_per_project": 4})


async def create(person: Person, project: Project, title: str = "Plan") -> Json:
    made: Json = await person.post(f"{project.path}/documents", {"title": title})
    return made


def path(document: Json) -> str:
    return f"/documents/{document['id']}"


async def test_a_new_document(ada: Person, project: Project) -> None:
    answer = await ada.request("POST", f"{project.path}/documents", json={"title": "Plan"}, X_Client_Mutation_ID="m-1")
    document = answer.json()
    assert answer.status_code == 201
    assert answer.headers["ETag"] == '"1"'
    assert answer.url.join(answer.headers["Location"]).path == f"/api/v1{path(document)}"
    assert document == document | {
        "project_id": project.id,
        "title": "Plan",
        "task_id": None,
        "access": "write",
        "version": 1,
        "created_by": ada.id,
    }
    assert document["bytes"] > 2
    assert len(document["generation"]) == 8
    assert await ada.get(path(document)) == document
    assert await ada.get(f"{project.path}/documents") == [document]
    (event,) = await ada.events(project, after=1)
    state = {name: value for name, value in document.items() if name not in ("access", "generation")}
    assert (event["type"], event["data"], event["mutation_id"]) == ("document.created", {"document": state}, "m-1")
    assert (await ada.snapshot(project))["documents"] == [state]


@pytest.mark.parametrize(
    "body", [{}, {"title": ""}, {"title": "x" * 201}, {"title": 1}, {"title": "x", "id": "y"}, {"title": "\u200b"}, []]
)
async def test_a_bad_body_is_refused_and_leaves_no_trace(ada: Person, project: Project, body: object) -> None:
    refused = await ada.request("POST", f"{project.path}/documents", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION")
    assert await ada.get(f"{project.path}/documents") == []
    assert await ada.events(project, after=1) == []


async def test_a_new_title_is_one_event_and_the_same_is_none(ada: Person, project: Project) -> None:
    document = await create(ada, project)
    changed = await ada.patch(path(document), {"title": "Flight plan"})
    assert changed == document | {"title": "Flight plan", "version": 2, "updated_at": changed["updated_at"]}
    assert await ada.patch(path(document), {"title": "Flight plan"}) == changed
    assert await ada.patch(path(document), {}) == changed
    (event,) = await ada.events(project, after=2)
    assert event["type"] == "document.updated"
    assert (event["data"]["changed"], event["data"]["previous"]) == (["title"], {"title": "Plan"})
    stale = await ada.request("PATCH", path(document), json={"title": "x"}, If_Match='"1"')
    assert (stale.status_code, stale.json()["details"]) == (412, [changed])


@pytest.mark.parametrize(
    ("role", "read", "write", "own"),
    [("owner", 200, 200, 204), ("editor", 200, 200, 403), ("viewer", 200, 403, 403), (None, 404, 404, 404)],
)
async def test_what_a_role_may_do(
    api: Api, ada: Person, project: Project, role: str | None, read: int, write: int, own: int
) -> None:
    document = await create(ada, project)
    actor = ada if role == "owner" else await api.register("bob")
    if role in ("editor", "viewer"):
        await ada.add_member(project, actor, role)
    made = 201 if write == 200 else write
    gone = 204 if write == 200 else write
    await actor.get(f"{project.path}/documents", expect=read)
    shown = await actor.get(path(document), expect=read)
    if read == 200:
        assert shown["access"] == ("write" if write == 200 else "read")
    await actor.post(f"{project.path}/documents", {"title": "Log"}, expect=made)
    await actor.patch(path(document), {"title": "Log"}, expect=write)
    await actor.delete(path(document), expect=gone)
    if write != 200:
        await ada.delete(path(document))
    await actor.post(f"{path(document)}/restore", expect=write)
    await actor.delete(f"{path(document)}?purge=true", expect=own)


async def test_strangers_learn_nothing(api: Api, ada: Person, project: Project) -> None:
    """Not whether there is such a document, nor that their token is good."""
    document = await create(ada, project)
    eve = await api.register("eve")
    for method, tail in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/restore")):
        body = {"title": "x"} if method == "PATCH" else None
        answers = [
            await eve.request(method, f"/documents/{id_}{tail}", json=body) for id_ in (document["id"], NOWHERE, "x")
        ]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.json()["error"] for answer in answers}) == 1
        eve.token, kept = "wrong", eve.token
        for id_ in (document["id"], NOWHERE):
            assert (await eve.request(method, f"/documents/{id_}{tail}", json=body)).status_code == 401
        eve.token = kept


async def test_the_trash(ada: Person, project: Project) -> None:
    document = await create(ada, project)
    await ada.delete(path(document), If_Match='"1"')
    for method, body in (("GET", None), ("PATCH", {"title": "x"}), ("DELETE", None)):
        assert (await ada.request(method, path(document), json=body)).status_code == 404
    assert await ada.get(f"{project.path}/documents") == []
    assert [each["id"] for each in await ada.get(f"{project.path}/documents?deleted=true")] == [document["id"]]
    assert (await ada.snapshot(project))["documents"] == []

    back = await ada.post(f"{path(document)}/restore", expect=200)
    assert back == document | {"version": 2, "updated_at": back["updated_at"]}
    assert await ada.get(path(document)) == back
    again = await ada.request("POST", f"{path(document)}/restore")
    assert (again.status_code, again.json()["code"]) == (409, "CONFLICT")
    events = await ada.events(project, after=2)
    assert [event["type"] for event in events] == ["document.deleted", "document.undeleted"]
    assert events[0]["data"] == {"document": {"id": document["id"]}}


async def test_the_trash_is_emptied_after_thirty_days(ada: Person, project: Project, runtime: Runtime) -> None:
    old, young, kept = [await create(ada, project, title) for title in ("Old", "Young", "Kept")]
    for document in (old, young):
        await ada.delete(path(document))
    async with runtime.transaction() as session:
        at = now() - timedelta(days=31)
        await session.execute(update(DOCUMENT).where(DOCUMENT.c.id == old["id"]).values(deleted_at=at))
    await purge_expired(runtime)
    assert [each["id"] for each in await ada.get(f"{project.path}/documents?deleted=true")] == [young["id"]]
    await ada.get(path(kept))
    await ada.post(f"{path(old)}/restore", expect=404)


async def test_ending_one_for_good(ada: Person, project: Project, runtime: Runtime) -> None:
    document, trashed = await create(ada, project), await create(ada, project, "Draft")
    await ada.delete(path(trashed))
    await ada.delete(f"{path(trashed)}?purge=true")
    await ada.delete(f"{path(document)}?purge=true")
    await ada.delete(f"{path(document)}?purge=true", expect=404)
    assert [event["type"] for event in await ada.events(project, after=3)] == ["document.deleted"] * 2
    async with runtime.database.read() as session:
        for table in (DOCUMENT, ROOM, STATE):
            assert await session.scalar(select(func.count()).select_from(table)) == 0


async def test_a_project_takes_its_documents_along(ada: Person, project: Project, runtime: Runtime) -> None:
    document = await create(ada, project)
    await ada.delete(project.path)
    await ada.get(path(document), expect=404)
    async with runtime.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(ROOM)) == 0


async def test_an_archived_project_keeps_its_documents_as_they_are(ada: Person, project: Project) -> None:
    document, trashed = await create(ada, project), await create(ada, project, "Draft")
    await ada.delete(path(trashed))
    await ada.patch(project.path, {"status": "archived"})
    assert await ada.get(path(document)) == document | {"access": "read"}
    await ada.post(f"{project.path}/documents", {"title": "x"}, expect=409)
    await ada.patch(path(document), {"title": "x"}, expect=409)
    await ada.delete(path(document), expect=409)
    await ada.delete(f"{path(document)}?purge=true", expect=409)
    await ada.post(f"{path(trashed)}/restore", expect=409)


async def test_documents_of_a_project_are_counted(ada: Person, project: Project) -> None:
    """Those in the trash too, which is no way around the limit."""
    async with asyncio.TaskGroup() as tasks:
        asked = [
            tasks.create_task(ada.request("POST", f"{project.path}/documents", json={"title": "x"})) for _ in range(8)
        ]
    assert sorted(task.result().status_code for task in asked) == [201] * 4 + [409] * 4
    assert {task.result().json().get("code") for task in asked} == {None, "LIMIT_REACHED"}
    document, *_ = await ada.get(f"{project.path}/documents")
    await ada.delete(path(document))
    await ada.post(f"{project.path}/documents", {"title": "x"}, expect=409)
    await ada.delete(f"{path(document)}?purge=true")
    await ada.post(f"{project.path}/documents", {"title": "x"})


async def test_a_repeated_post_makes_one_document(api: Api, ada: Person, project: Project) -> None:
    bob = await api.register("bob")
    await ada.add_member(project, bob)
    body = {"title": "Plan"}
    first, again = [
        await bob.request("POST", f"{project.path}/documents", json=body, Idempotency_Key="k") for _ in range(2)
    ]
    assert (first.content, again.headers["Idempotency-Replayed"]) == (again.content, "true")
    document = first.json()
    await bob.delete(path(document))
    for _ in range(2):
        assert (await bob.request("POST", f"{path(document)}/restore", Idempotency_Key="r")).status_code == 200
    await ada.remove_member(project, bob)
    for repeated, key in ((f"{project.path}/documents", "k"), (f"{path(document)}/restore", "r")):
        sent = body if key == "k" else None
        late = await bob.request("POST", repeated, json=sent, Idempotency_Key=key)
        assert (late.status_code, late.json()["code"]) == (404, "NOT_FOUND")


async def test_the_list_comes_in_pages(ada: Person, project: Project) -> None:
    made = [await create(ada, project, str(number)) for number in range(3)]
    first = await ada.request("GET", f"{project.path}/documents?limit=2")
    assert first.json() == made[:2]
    second = await ada.request("GET", first.url.join(first.links["next"]["url"]).raw_path.decode()[len("/api/v1") :])
    assert second.json() == made[2:]
    assert "next" not in second.links


def test_routes_are_documented(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    assert {"401", "403", "404", "409", "412", "422"} <= set(paths["/api/v1/documents/{doc_id}"]["patch"]["responses"])
