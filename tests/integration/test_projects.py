from typing import Any

from sqlalchemy import func, select

from roomful.eventlog import log
from roomful.ids import new_id
from roomful.projects.models import COLUMN, MEMBER, PROJECT
from roomful.runtime import Runtime
from roomful.tasks.models import TASK
from tests.support.api import Api, Person, Project, next_page


async def team(api: Api, ada: Person) -> tuple[Project, Person, Person]:
    """A project of Ada's with an editor and a viewer."""
    project, editor, viewer = await ada.create_project(), await api.register("eve"), await api.register("vic")
    await ada.add_member(project, editor)
    await ada.add_member(project, viewer, "viewer")
    return project, editor, viewer


async def test_a_new_project_belongs_to_its_creator(ada: Person) -> None:
    answer = await ada.request("POST", "/projects", json={"name": "Apollo", "description": "Fly"})
    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"projects/{body['id']}"
    assert answer.url.join(answer.headers["Location"]).path == f"/api/v1/projects/{body['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert set(body) == {
        *("id", "name", "key", "description", "status", "task_count", "created_at", "updated_at"),
        *("owner_id", "role", "version", "offset"),
    }
    assert (body["owner_id"], body["role"], body["version"], body["offset"]) == (ada.id, "owner", 1, 1)
    assert (body["status"], body["task_count"], body["key"]) == ("active", 0, "APOLLO")
    assert body["created_at"].endswith("Z")
    assert await ada.get(f"/projects/{body['id']}") == body
    (event,) = await ada.events(Project(body["id"]))
    assert (event["type"], event["actor_id"], event["project_id"]) == ("project.created", ada.id, body["id"])
    assert event["data"]["project"] == {key: body[key] for key in body if key not in ("role", "offset")}


BAD_PROJECTS: list[Any] = [
    {},
    {"name": ""},
    {"name": "  \t"},
    {"name": "x" * 101},
    {"name": 7},
    {"name": None},
    {"name": "x\x00y"},
    {"name": "x", "description": "y" * 501},
    {"name": "x", "key": "X"},
    {"name": "x", "key": "MOONBASE"},
    {"name": "x", "key": "M1"},
    {"name": "x", "key": "МОН"},
    {"name": "x", "key": "AB\n"},
    {"name": "x", "key": 7},
    {"name": "x", "description": 1},
    {"name": "x", "id": "019a7f5e-0000-7000-8000-000000000000"},
    {"name": "x", "owner_id": "019a7f5e-0000-7000-8000-000000000000"},
    {"name": "x", "status": "archived"},
    {"name": "x", "version": 7},
    {"name": "x", "__class__": "y"},
    [],
    "x",
    None,
]


async def test_a_bad_project_is_refused_and_nothing_stored(ada: Person, runtime: Runtime) -> None:
    for body in BAD_PROJECTS:
        refused = await ada.request("POST", "/projects", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION"), body
    async with runtime.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(PROJECT)) == 0


async def test_text_is_kept_to_the_character(ada: Person) -> None:
    text = " <img src=x onerror=alert(1)> \u2028 'é" + "\U0001f680"
    created = await ada.post("/projects", {"name": text, "description": text + "\r\n"})
    project = Project(created["id"])
    assert created["name"] == text
    assert await ada.get(project.path) == created
    (event,) = await ada.events(project)
    assert event["data"]["project"]["description"] == text + "\r\n"


async def test_one_event_for_a_change_and_none_for_no_change(ada: Person) -> None:
    project = await ada.create_project()
    changed = await ada.patch(project.path, {"name": "Gemini", "description": "Two"}, X_Client_Mutation_ID="m-1")
    same = await ada.patch(project.path, {"name": "Gemini", "description": "Two"})
    empty = await ada.patch(project.path, {})
    assert changed == same == empty
    assert (changed["version"], changed["offset"]) == (2, 2)
    assert changed["updated_at"] > changed["created_at"]
    (event,) = await ada.events(project, after=1)
    assert (event["type"], event["mutation_id"]) == ("project.updated", "m-1")
    assert event["data"]["changed"] == ["name", "description"]


BAD_CHANGES: list[Any] = [
    {"name": None},
    {"name": ""},
    {"status": None},
    {"status": "gone"},
    {"role": "owner"},
    {"owner_id": "x"},
    {"id": "x"},
]


async def test_a_bad_change_is_refused_and_makes_no_event(ada: Person) -> None:
    project = await ada.create_project()
    before = await ada.get(project.path)
    for patch in BAD_CHANGES:
        await ada.patch(project.path, patch, expect=422)
    assert await ada.get(project.path) == before


async def test_an_archived_project_cannot_change_until_it_is_restored(api: Api, ada: Person) -> None:
    project, editor, viewer = await team(api, ada)
    task = await ada.create_task(project)
    archived = await ada.patch(project.path, {"status": "archived", "name": "Done with"})
    assert (archived["status"], archived["name"], archived["version"]) == ("archived", "Done with", 2)

    for person in (ada, editor):
        await person.patch(project.path, {"name": "Other"}, expect=409)
        await person.post(f"{project.path}/tasks", {"title": "More"}, expect=409)
        await person.patch(f"{project.path}/tasks/{task['id']}", {"title": "Other"}, expect=409)
        await person.delete(f"{project.path}/tasks/{task['id']}", expect=409)
    await ada.post(f"{project.path}/members", {"email": "nobody@example.test", "role": "viewer"}, expect=409)
    await ada.patch(f"{project.path}/members/{editor.id}", {"role": "viewer"}, expect=409)
    await ada.patch(project.path, {"status": "archived"})
    await viewer.delete(f"{project.path}/members/{viewer.id}")

    assert await ada.get("/projects") == []
    assert [project["id"] for project in await ada.get("/projects?status=archived")] == [project.id]
    restored = await ada.patch(project.path, {"status": "active", "name": "Anew"})
    assert (restored["status"], restored["name"], restored["version"]) == ("active", "Anew", 3)
    types = [event["type"] for event in await ada.events(project)]
    assert types[-3:] == ["project.archived", "member.removed", "project.restored"]


async def test_only_events_are_left_of_a_deleted_project(ada: Person, runtime: Runtime) -> None:
    project = await ada.create_project()
    task = await ada.create_task(project)
    await ada.delete(project.path)
    async with runtime.database.read() as session:
        for table in (PROJECT, MEMBER, TASK, COLUMN):
            assert await session.scalar(select(func.count()).select_from(table)) == 0
        page = await log.read_since(session, project.channel, 0, limit=10)
    assert [event.type for event in page.publications] == ["project.created", "task.created", "project.deleted"]
    for path in ("", "/columns", "/tasks", f"/tasks/{task['id']}", "/members", "/events", "/snapshot"):
        await ada.get(project.path + path, expect=404)
    await ada.delete(project.path, expect=404)


async def test_roles(api: Api, ada: Person) -> None:
    project, editor, viewer = await team(api, ada)
    await editor.patch(project.path, {"name": "Gemini"})
    for status in ("archived", "active"):
        await editor.patch(project.path, {"status": status}, expect=403)
    await editor.delete(project.path, expect=403)
    await viewer.patch(project.path, {"name": "Mercury"}, expect=403)
    await viewer.delete(project.path, expect=403)
    for person, role in ((ada, "owner"), (editor, "editor"), (viewer, "viewer")):
        assert (await person.get(project.path))["role"] == role
    for role, person in (("owner", ada), ("editor", editor), ("viewer", viewer)):
        assert len(await person.get(f"/projects?role={role}")) == 1
        assert len(await person.get("/projects?role=owner")) == (person is ada)


STRANGE_IDS = [
    "x",
    "%00",
    "..",
    "019A7F5E-0000-7000-8000-000000000000",
    "{019a7f5e-0000-7000-8000-000000000000}",
    "9" * 4000,
]


async def test_other_peoples_projects_look_like_missing_ones(api: Api, ada: Person) -> None:
    project, cleo = await ada.create_project(), await api.register("cleo")
    task = await ada.create_task(project)
    own = await cleo.create_project()
    bodies: dict[tuple[str, str], Any] = {
        ("GET", ""): None,
        ("PATCH", ""): {"name": "Mine"},
        ("DELETE", ""): None,
        ("GET", "/tasks"): None,
        ("POST", "/tasks"): {"title": "Mine"},
        ("GET", f"/tasks/{task['id']}"): None,
        ("PATCH", f"/tasks/{task['id']}"): {"title": "Mine"},
        ("DELETE", f"/tasks/{task['id']}"): None,
        ("GET", "/members"): None,
        ("POST", "/members"): {"user_id": cleo.id, "role": "editor"},
        ("GET", f"/members/{ada.id}"): None,
        ("PATCH", f"/members/{ada.id}"): {"role": "viewer"},
        ("DELETE", f"/members/{cleo.id}"): None,
        ("GET", "/events"): None,
        ("GET", "/snapshot"): None,
    }
    before = await ada.snapshot(project)
    for (method, path), body in bodies.items():
        foreign = await cleo.request(method, project.path + path, json=body)
        unknown = await cleo.request(method, f"/projects/{new_id()}{path}", json=body)
        assert foreign.status_code == unknown.status_code == 404, (method, path)
        assert without_request(foreign.json()) == without_request(unknown.json())
    # A person's own project gives no access to another one's tasks.
    for method, body in (("GET", None), ("PATCH", {"title": "Mine"}), ("DELETE", None)):
        assert (await cleo.request(method, f"{own.path}/tasks/{task['id']}", json=body)).status_code == 404
    for strange in STRANGE_IDS:
        answer = await ada.request("GET", f"/projects/{strange}/tasks")
        assert answer.status_code in (400, 404), strange
    assert await ada.snapshot(project) == before


async def test_an_id_has_one_spelling(ada: Person) -> None:
    project = await ada.create_project()
    await ada.get(f"/projects/{project.id.upper()}", expect=404)
    await ada.get(f"/projects/{project.id.replace('-', '')}", expect=404)


async def test_every_route_requires_a_token(api: Api, ada: Person) -> None:
    project = await ada.create_project()
    for path in ("/projects", project.path, "/projects/x", f"{project.path}/snapshot"):
        assert (await api.http.get(f"/api/v1{path}")).status_code == 401


async def test_if_match_guards_changes(ada: Person) -> None:
    project = await ada.create_project()
    await ada.patch(project.path, {"name": "Gemini"}, If_Match='"1"')
    stale = await ada.request("PATCH", project.path, json={"name": "Mercury"}, If_Match='"1"')
    assert (stale.status_code, stale.json()["code"]) == (412, "PRECONDITION_FAILED")
    assert stale.json()["details"] == [await ada.get(project.path)]
    await ada.delete(project.path, expect=412, If_Match='"1"')
    assert (await ada.request("GET", project.path)).headers["ETag"] == '"2"'
    await ada.delete(project.path, If_Match='"2"')


async def test_lists_are_newest_first_in_pages(api: Api, ada: Person) -> None:
    made = [(await ada.create_project(f"P{number}")).id for number in range(5)]
    await (await api.register("bob")).create_project()
    seen: list[str] = []
    path: str | None = "/projects?limit=2"
    while path is not None:
        answer = await ada.request("GET", path)
        seen += [project["id"] for project in answer.json()]
        path = next_page(answer)
    assert seen == made[::-1]
    for bad in ("limit=0", "limit=-1", "limit=201", "limit=x", "status=gone", "role=king"):
        assert (await ada.request("GET", f"/projects?{bad}")).status_code == 422
    assert (await ada.request("GET", "/projects?cursor=x")).status_code == 400


async def test_a_repeated_post_makes_one_project(ada: Person) -> None:
    body = {"name": "Apollo"}
    first = await ada.request("POST", "/projects", json=body, Idempotency_Key="k")
    again = await ada.request("POST", "/projects", json=body, Idempotency_Key="k")
    assert (again.status_code, again.content) == (201, first.content)
    assert len(await ada.get("/projects")) == 1
    assert (await ada.request("POST", "/projects", json={"name": "x"}, Idempotency_Key="k")).status_code == 422


def without_request(error: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in error.items() if key != "request_id"}
