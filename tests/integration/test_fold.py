"""Old snapshot and the events after it are the new snapshot: for every route that changes something.

A route without a row in WRITES, and without a reason in APART, fails the suite.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from roomful.channels import project_channel
from roomful.eventlog import log
from roomful.runtime import Runtime
from roomful.tasks import positions
from roomful.web.dependencies import SAFE_METHODS
from tests.support import vectors
from tests.support.api import Api, Json, Person, Project
from tests.support.fold import fold, in_order

PROJECT = "/api/v1/projects/{project_id}"
MEMBER = f"{PROJECT}/members/{{user_id}}"
TASK = f"{PROJECT}/tasks/{{task_id}}"

APART = {
    "POST /api/v1/projects": "nothing is there to be folded; test_the_first_event_tells_of_everything covers it",
    "POST /api/v1/auth/register": "a new person is in no project",
    "POST /api/v1/auth/token": "signing in is nobody else's business",
    "POST /api/v1/auth/refresh": "signing in is nobody else's business",
    "POST /api/v1/auth/logout": "signing in is nobody else's business",
    "POST /api/v1/auth/ticket": "signing in is nobody else's business",
    "DELETE /api/v1/auth/sessions/{session_id}": "signing in is nobody else's business",
    "POST /connection/http_stream": "it only reads",
    "POST /connection/sse": "it only reads",
    "POST /connection/uni_http_stream": "it only reads",
    "POST /connection/uni_sse": "it only reads",
    "POST /emulation": "signals are no events, and nothing else can be said there",
}


@dataclass(slots=True)
class Scene:
    """Ada's project with Bob as an editor, two tasks to do and one done. Cleo has nothing to do with it."""

    ada: Person
    bob: Person
    cleo: Person
    project: Project
    tasks: list[Json] = field(default_factory=list)

    def task(self, number: int) -> str:
        return f"{self.project.path}/tasks/{self.tasks[number]['id']}"

    def member(self, person: Person) -> str:
        return f"{self.project.path}/members/{person.id}"


Write = Callable[[Scene], Awaitable[Any]]

WRITES: dict[tuple[str, str], Write] = {
    (f"PATCH {PROJECT}", "rename"): lambda s: s.bob.patch(s.project.path, {"name": "Gemini", "description": "Two"}),
    (f"PATCH {PROJECT}", "archive"): lambda s: s.ada.patch(s.project.path, {"status": "archived", "name": "Old"}),
    (f"PATCH {PROJECT}", "restore"): lambda s: archive_and_restore(s),
    (f"PATCH {PROJECT}", "nothing"): lambda s: s.ada.patch(s.project.path, {"name": "Apollo"}),
    (f"DELETE {PROJECT}", "delete"): lambda s: s.ada.delete(s.project.path),
    (f"POST {PROJECT}/members", "add"): lambda s: s.ada.add_member(s.project, s.cleo, "viewer"),
    (f"PATCH {MEMBER}", "role"): lambda s: s.ada.patch(s.member(s.bob), {"role": "viewer"}),
    (f"PATCH {MEMBER}", "hand over"): lambda s: s.ada.patch(s.member(s.bob), {"role": "owner"}),
    (f"DELETE {MEMBER}", "remove"): lambda s: s.ada.delete(s.member(s.bob)),
    ("PATCH /api/v1/auth/me", "name"): lambda s: s.bob.patch("/auth/me", {"name": "Robert"}),
    (f"POST {PROJECT}/tasks", "create"): lambda s: s.bob.create_task(s.project, "Land", labels=["moon"]),
    (f"PATCH {TASK}", "edit"): lambda s: s.bob.patch(s.task(0), {"title": "Soar", "due_on": "2026-07-16"}),
    (f"PATCH {TASK}", "assign"): lambda s: s.bob.patch(s.task(0), {"assignee_id": s.ada.id}),
    (f"PATCH {TASK}", "status"): lambda s: s.bob.patch(s.task(0), {"status": "done", "title": "Flown"}),
    (f"PATCH {TASK}", "place"): lambda s: s.bob.patch(s.task(1), {"before": s.tasks[0]["id"]}),
    (f"PATCH {TASK}", "crowd"): lambda s: crowd_a_gap(s),
    (f"PATCH {TASK}", "nothing"): lambda s: s.bob.patch(s.task(0), {"before": s.tasks[1]["id"], "title": "Fly"}),
    (f"DELETE {TASK}", "delete"): lambda s: s.bob.delete(s.task(2)),
}


async def archive_and_restore(scene: Scene) -> None:
    await scene.ada.patch(scene.project.path, {"status": "archived"})
    await scene.ada.patch(scene.project.path, {"status": "active"})


async def crowd_a_gap(scene: Scene) -> None:
    """Two tasks overtake each other below the third until their positions would get too long."""
    await scene.bob.create_task(scene.project, "Land")
    land = await scene.bob.create_task(scene.project, "Land")
    for turn in range(40):
        await scene.bob.patch(scene.task(turn % 2), {"before": land["id"]})
        newest = (await scene.bob.all_events(scene.project))[-1]
        if "positions" in newest["data"]:
            return
    pytest.fail("no room had to be made")


@pytest.fixture
async def scene(api: Api) -> Scene:
    ada, bob, cleo = await api.register("ada"), await api.register("bob"), await api.register("cleo")
    scene = Scene(ada, bob, cleo, await ada.create_project())
    await ada.add_member(scene.project, bob)
    scene.tasks = [await ada.create_task(scene.project, title) for title in ("Fly", "Orbit")]
    scene.tasks.append(await ada.create_task(scene.project, "Launch", status="done"))
    return scene


def test_every_route_that_writes_is_in_the_table(app: FastAPI) -> None:
    routes = {
        f"{method} {context.path}"
        for context in iter_route_contexts(app.routes)
        for method in (context.methods or set()) - set(SAFE_METHODS)
    }
    assert {route for route, _ in WRITES} | set(APART) == routes


@pytest.mark.parametrize(("route", "case"), list(WRITES), ids=lambda part: part.replace("/api/v1/", ""))
async def test_old_snapshot_and_events_are_the_new_snapshot(
    scene: Scene, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, route: str, case: str
) -> None:
    monkeypatch.setattr(positions, "MAX_POSITION_CHARS", 6)  # a gap is worn out after some moves, not hundreds
    old = await scene.ada.snapshot(scene.project)
    await WRITES[route, case](scene)
    events = await recorded(runtime, scene.project, after=old["stream"]["offset"])

    if route == f"DELETE {PROJECT}":
        # Nothing is left to be compared with: its last event says so.
        assert [(event["type"], event["data"]) for event in events] == [
            ("project.deleted", {"project": {"id": scene.project.id}})
        ]
        await scene.ada.get(f"{scene.project.path}/snapshot", expect=404)
        return
    new = await scene.ada.snapshot(scene.project)
    before_last, result = old, old
    for event in events:
        before_last, result = result, fold(result, event)
        if "changed" in event["data"]:
            assert event["data"]["previous"] == values_before(before_last, event)
    assert in_order(result) == own_role_aside(new, old, scene.ada)
    assert (len(events) == 0) == (case == "nothing")
    if events:
        method_and_path = route.replace("/api/v1/", "")
        vectors.check(
            {
                "name": f"{method_and_path} ({case})",
                "snapshot": in_order(before_last),
                "event": events[-1],
                "result": in_order(result),
            }
        )


async def test_the_first_event_tells_of_everything(scene: Scene, runtime: Runtime) -> None:
    """Who reads a channel from its start needs no snapshot."""
    new = await scene.ada.snapshot(scene.project)
    events = await recorded(runtime, scene.project)
    assert [event["offset"] for event in events] == list(range(1, len(events) + 1))
    state: Json = {
        "project": events[0]["data"]["project"] | {"role": "owner"},
        "members": [events[0]["data"]["member"]],
        "tasks": [],
        "documents": [],
        "stream": new["stream"] | {"offset": 1},
    }
    for event in events:
        state = fold(state, event)
    assert in_order(state) == new


@pytest.mark.parametrize("vector", vectors.load(), ids=lambda vector: vector["name"])
def test_the_cases_that_other_languages_are_tested_with(vector: Json) -> None:
    assert in_order(fold(vector["snapshot"], vector["event"])) == in_order(vector["result"])


def values_before(snapshot: Json, event: Json) -> Json:
    """What the snapshot before the event has in the fields that this tells of as `previous`."""
    data = event["data"]
    match event["type"].partition(".")[0]:
        case "project":
            old = snapshot["project"]
        case "member":
            (old,) = (each for each in snapshot["members"] if each["user_id"] == data["member"]["user_id"])
        case _:
            (old,) = (each for each in snapshot["tasks"] if each["id"] == data["task"]["id"])
    told = {"status", "position"} if event["type"] == "task.moved" else set(data["changed"]) - {"description"}
    return {name: old[name] for name in data["changed"] if name in told}


async def recorded(runtime: Runtime, project: Project, *, after: int = 0) -> list[Json]:
    """The project's events as the log has them, whoever may still read them."""
    async with runtime.database.read() as session:
        page = await log.read_since(session, project_channel(project.id), after, limit=1000)
    return [json.loads(event.data) for event in page.publications]


def own_role_aside(new: Json, old: Json, reader: Person) -> Json:
    """The new snapshot with the reader's role of before, once it is clear that `members` says the same as it."""
    (me,) = (member for member in new["members"] if member["user_id"] == reader.id)
    assert new["project"]["role"] == me["role"]
    return new | {"project": new["project"] | {"role": old["project"]["role"]}}
