import asyncio
from typing import Any

from fastapi import FastAPI

from roomful.accounts import operator
from roomful.db.parts import MOST
from roomful.ids import new_id
from roomful.projects.access import memberships_among
from roomful.runtime import Runtime
from tests.support.api import Api, Person, Project, next_page


def place(project: Project, person: Person) -> str:
    return f"{project.path}/members/{person.id}"


async def test_a_member_is_added_by_email_or_id(api: Api, ada: Person, bob: Person, project: Project) -> None:
    cleo = await api.register("cleo")
    body = {"email": f" {bob.email.upper()} ", "role": "editor"}
    answer = await ada.request("POST", f"{project.path}/members", json=body)
    member = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"members/{bob.id}"
    assert answer.url.join(answer.headers["Location"]).path == f"/api/v1{place(project, bob)}"
    assert answer.headers["ETag"] == '"1"'
    assert member.pop("email_verified") is False
    assert set(member) == {"user_id", "name", "role", "version", "created_at", "updated_at"}
    assert (member["user_id"], member["name"], member["role"]) == (bob.id, "Bob", "editor")
    assert await bob.get(place(project, bob)) == member

    await ada.add_member(project, cleo, "viewer")
    everybody = await cleo.get(f"{project.path}/members")
    assert [member["user_id"] for member in everybody] == sorted([ada.id, bob.id, cleo.id])
    assert bob.email not in str(await cleo.snapshot(project)) + str(await cleo.events(project))


async def test_adding_a_member_says_whether_the_address_is_verified(
    api: Api, runtime: Runtime, ada: Person, bob: Person, project: Project
) -> None:
    """Anybody may have registered `cfo@company.example` first, so the owner of the project must be told."""
    grace = await operator.create_user(
        runtime.database, runtime.passwords, email="grace@example.test", name="Grace", password="a password of hers"
    )
    members = f"{project.path}/members"

    by_address = {
        address: (await ada.post(members, {"email": address, "role": "viewer"}))["email_verified"]
        for address in (bob.email, "grace@example.test")
    }

    assert by_address == {bob.email: False, "grace@example.test": True}
    await ada.delete(f"{members}/{grace.id}")
    by_id = await ada.post(members, {"user_id": grace.id, "role": "viewer"})
    assert "email_verified" not in by_id
    assert "email_verified" not in str(await ada.events(project)) + str(await ada.snapshot(project))


BAD_MEMBERS: list[Any] = [
    {},
    {"role": "editor"},
    {"email": "nobody@example.test", "role": "editor"},
    {"user_id": "019a7f5e-0000-7000-8000-000000000000", "role": "editor"},
    {"user_id": "x", "role": "editor"},
    {"email": "no address", "role": "editor"},
    {"email": "nobody@example.test", "user_id": "019a7f5e-0000-7000-8000-000000000000", "role": "editor"},
    {"email": "nobody@example.test", "role": "owner"},
    {"email": "nobody@example.test", "role": "king"},
    {"email": "nobody@example.test", "role": "editor", "version": 1},
]


async def test_nobody_is_added_by_a_bad_body(ada: Person, project: Project) -> None:
    for body in BAD_MEMBERS:
        refused = await ada.request("POST", f"{project.path}/members", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION"), body
    assert len(await ada.get(f"{project.path}/members")) == len(await ada.events(project)) == 1


async def test_nobody_is_a_member_twice(ada: Person, bob: Person, project: Project) -> None:
    async with asyncio.TaskGroup() as group:
        body = {"user_id": bob.id, "role": "viewer"}
        asked = [group.create_task(ada.request("POST", f"{project.path}/members", json=body)) for _ in range(5)]
    assert sorted(each.result().status_code for each in asked) == [201, 409, 409, 409, 409]
    await ada.post(f"{project.path}/members", {"user_id": ada.id, "role": "viewer"}, expect=409)
    assert len(await ada.events(project)) == 2


async def test_only_the_owner_manages_members(api: Api, ada: Person, bob: Person, project: Project) -> None:
    cleo, dan = await api.register("cleo"), await api.register("dan")
    await ada.add_member(project, bob)
    await ada.add_member(project, cleo, "viewer")
    for person in (bob, cleo):
        await person.post(f"{project.path}/members", {"user_id": dan.id, "role": "viewer"}, expect=403)
        await person.patch(place(project, person), {"role": "owner"}, expect=403)
        await person.delete(place(project, ada), expect=403)
    await bob.delete(place(project, cleo), expect=403)
    await ada.patch(place(project, dan), {"role": "viewer"}, expect=404)
    await ada.delete(place(project, dan), expect=404)
    await ada.patch(f"{project.path}/members/x", {"role": "viewer"}, expect=404)
    await ada.patch(f"{project.path}/members/{new_id()}", {"role": "viewer"}, expect=404)


async def test_a_new_role_applies_from_the_next_request(ada: Person, bob: Person, project: Project) -> None:
    await ada.add_member(project, bob)
    await bob.create_task(project)
    answer = await ada.request("PATCH", place(project, bob), json={"role": "viewer"})
    assert (answer.json()["role"], answer.headers["ETag"]) == ("viewer", '"2"')
    await bob.post(f"{project.path}/tasks", {"title": "More"}, expect=403)
    await ada.patch(place(project, bob), {"role": "editor"})
    await bob.create_task(project)


async def test_a_bad_change_is_refused(ada: Person, bob: Person, project: Project) -> None:
    await ada.add_member(project, bob)
    for patch in ({"role": None}, {"role": "king"}, {"name": "x"}, {"role": "viewer", "version": 1}):
        await ada.patch(place(project, bob), patch, expect=422)
    assert len(await ada.events(project)) == 2


async def test_the_same_role_makes_no_event(ada: Person, bob: Person, project: Project) -> None:
    added = await ada.add_member(project, bob)
    assert await ada.patch(place(project, bob), {"role": "editor"}) == added
    assert await ada.patch(place(project, bob), {}) == added
    assert len(await ada.events(project)) == 2


async def test_a_project_is_handed_over_with_one_event(ada: Person, bob: Person, project: Project) -> None:
    await ada.add_member(project, bob)
    owner = await ada.patch(place(project, bob), {"role": "owner"})
    assert (owner["user_id"], owner["role"]) == (bob.id, "owner")
    after = await ada.get(project.path)
    assert (after["owner_id"], after["role"], after["version"]) == (bob.id, "editor", 2)
    assert (await bob.get(project.path))["role"] == "owner"
    (event,) = await ada.events(project, after=2)
    assert (event["type"], event["data"]["changed"]) == ("member.updated", ["role"])
    assert event["data"]["member"] == owner
    assert event["data"]["previous_owner"] == await bob.get(place(project, ada))
    assert event["data"]["project"] == {key: after[key] for key in after if key not in ("role", "offset")}
    await ada.patch(place(project, bob), {"role": "viewer"}, expect=403)
    await ada.delete(place(project, ada))


async def test_hand_overs_at_the_same_moment_leave_one_owner(
    api: Api, ada: Person, bob: Person, project: Project
) -> None:
    cleo = await api.register("cleo")
    await ada.add_member(project, bob)
    await ada.add_member(project, cleo)
    async with asyncio.TaskGroup() as group:
        asked = [
            group.create_task(ada.request("PATCH", place(project, heir), json={"role": "owner"}))
            for heir in (bob, cleo)
        ]
    assert sorted(each.result().status_code for each in asked) == [200, 403]
    members = await ada.get(f"{project.path}/members")
    assert [member["role"] for member in members].count("owner") == 1


async def test_the_owner_can_neither_leave_nor_step_down(ada: Person, bob: Person, project: Project) -> None:
    await ada.add_member(project, bob)
    await ada.delete(place(project, ada), expect=409)
    await ada.patch(place(project, ada), {"role": "editor"}, expect=409)
    await ada.patch(place(project, ada), {"role": "owner"})
    assert len(await ada.events(project)) == 2


async def test_a_member_who_leaves_loses_access(ada: Person, bob: Person, project: Project) -> None:
    await ada.add_member(project, bob, "viewer")
    await bob.delete(place(project, bob))
    await bob.get(project.path, expect=404)
    assert await bob.get("/projects") == []
    (event,) = await ada.events(project, after=2)
    assert (event["type"], event["actor_id"], event["data"]) == (
        "member.removed",
        bob.id,
        {"member": {"user_id": bob.id}},
    )
    await ada.delete(place(project, bob), expect=404)
    assert (await ada.add_member(project, bob))["version"] == 1


async def test_tasks_stay_assigned_to_former_members(ada: Person, bob: Person, project: Project) -> None:
    await ada.add_member(project, bob)
    task = await ada.create_task(project, assignee_id=bob.id)
    await ada.delete(place(project, bob))
    path = f"{project.path}/tasks/{task['id']}"
    assert (await ada.get(path))["assignee_id"] == bob.id
    # Repeating it changes nothing; starting with it is refused.
    assert (await ada.patch(path, {"assignee_id": bob.id, "title": "Land"}))["assignee_id"] == bob.id
    await ada.post(f"{project.path}/tasks", {"title": "x", "assignee_id": bob.id}, expect=422)


async def test_if_match_guards_members(ada: Person, bob: Person, project: Project) -> None:
    await ada.add_member(project, bob)
    await ada.patch(place(project, bob), {"role": "viewer"}, If_Match='"1"')
    stale = await ada.request("PATCH", place(project, bob), json={"role": "editor"}, If_Match='"1"')
    assert stale.status_code == 412
    assert stale.json()["details"] == [await ada.get(place(project, bob))]
    await ada.delete(place(project, bob), expect=412, If_Match='"1"')
    await ada.delete(place(project, bob), If_Match='"2"')


async def test_a_new_name_reaches_every_project(ada: Person, bob: Person, project: Project) -> None:
    own = await bob.create_project()
    await ada.add_member(project, bob)
    await bob.patch("/auth/me", {"name": "Robert"})
    await bob.patch("/auth/me", {"name": "Robert"})
    for each, reader in ((project, ada), (own, bob)):
        newest = (await reader.events(each))[-1]
        assert (newest["type"], newest["data"]["changed"]) == ("member.updated", ["name"])
        assert newest["data"]["member"] == await reader.get(place(each, bob))
        assert (newest["data"]["member"]["name"], newest["data"]["member"]["version"]) == ("Robert", 2)


async def test_new_names_and_new_members_at_the_same_moment(api: Api, ada: Person, bob: Person) -> None:
    """In either order, folding the events gives the stored name."""
    projects = [await ada.create_project() for _ in range(6)]
    async with asyncio.TaskGroup() as group:
        for number, project in enumerate(projects):
            group.create_task(ada.add_member(project, bob))
            group.create_task(bob.patch("/auth/me", {"name": f"Bob {number}"}))
    for project in projects:
        told = [event["data"]["member"]["name"] for event in await ada.events(project, after=1)]
        assert told[-1] == (await ada.get(place(project, bob)))["name"]


async def test_pages_of_members(api: Api, ada: Person, project: Project) -> None:
    for number in range(4):
        await ada.add_member(project, await api.register(f"m{number}"))
    everybody = await ada.get(f"{project.path}/members")
    first = await ada.request("GET", f"{project.path}/members?limit=3")
    second = await ada.request("GET", next_page(first) or "")
    assert first.json() + second.json() == everybody
    assert next_page(second) is None


async def test_many_memberships_are_read_in_one_query(
    app: FastAPI, api: Api, ada: Person, bob: Person, project: Project
) -> None:
    runtime: Runtime = app.state.runtime
    projects = [project, *[await ada.create_project() for _ in range(MOST // 2)]]
    await ada.add_member(projects[-1], bob)
    asked = [(person.id, each.id) for person in (ada, bob) for each in projects]
    async with runtime.database.ask() as session:
        members = await memberships_among(session, asked)
        two = await memberships_among(session, [asked[0], asked[-1]])
    assert two == {asked[0], asked[-1]}  # and not Ada in the last project, about which nobody has asked
    assert members == {*[(ada.id, each.id) for each in projects], (bob.id, projects[-1].id)}
