"""The POSTs of projects, members and tasks, repeated under their Idempotency-Key."""

import httpx

from tests.support.api import Api, Person


async def twice(person: Person, path: str, body: object, key: str = "k") -> tuple[httpx.Response, httpx.Response]:
    first = await person.request("POST", path, json=body, Idempotency_Key=key)
    return first, await person.request("POST", path, json=body, Idempotency_Key=key)


async def test_each_repeated_post_is_done_once(client: httpx.AsyncClient) -> None:
    api = Api(client)
    ada, bob = await api.register("ada"), await api.register("bob")
    project = await ada.create_project()
    for path, body in (
        ("/projects", {"name": "Gemini"}),
        (f"{project.path}/members", {"user_id": bob.id, "role": "editor"}),
        (f"{project.path}/tasks", {"title": "Fly"}),
    ):
        first, again = await twice(ada, path, body, key=path)
        assert first.status_code == again.status_code == 201
        assert first.content == again.content
        assert first.headers["ETag"] == again.headers["ETag"]
        assert again.headers["Idempotency-Replayed"] == "true"
    assert len(await ada.get("/projects")) == 2
    events = await ada.all_events(project)
    assert [event["type"] for event in events] == ["project.created", "member.added", "task.created"]


async def test_a_removed_member_does_not_get_the_answer_again(client: httpx.AsyncClient) -> None:
    api = Api(client)
    ada, bob = await api.register("ada"), await api.register("bob")
    project = await ada.create_project()
    await ada.add_member(project, bob)
    first, again = await twice(bob, f"{project.path}/tasks", {"title": "Fly"})
    assert (first.status_code, again.status_code) == (201, 201)
    await ada.remove_member(project, bob)
    late = await bob.request("POST", f"{project.path}/tasks", json={"title": "Fly"}, Idempotency_Key="k")
    assert (late.status_code, late.json()["code"]) == (404, "NOT_FOUND")


async def test_a_deleted_project_is_not_shown_again(client: httpx.AsyncClient) -> None:
    ada = await Api(client).register("ada")
    first, again = await twice(ada, "/projects", {"name": "Gemini"})
    assert (first.status_code, again.status_code) == (201, 201)
    await ada.delete(f"/projects/{first.json()['id']}")
    late = await ada.request("POST", "/projects", json={"name": "Gemini"}, Idempotency_Key="k")
    assert (late.status_code, late.json()["code"]) == (404, "NOT_FOUND")
