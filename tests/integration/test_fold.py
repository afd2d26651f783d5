"""Old snapshot and the events after it are the new snapshot: for every route that changes something.

A route without a row in WRITES, and without a reason in APART, fails the suite.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from roomful.channels import project_channel
from roomful.documents import copies
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
COMMENTS = f"{TASK}/comments"
COMMENT = f"{COMMENTS}/{{comment_id}}"
REACTION = f"{COMMENT}/reactions/{{emoji}}"
COLUMN = f"{PROJECT}/columns/{{column_id}}"
LABEL = f"{PROJECT}/labels/{{label_id}}"
DOCUMENT = "/api/v1/documents/{doc_id}"

APART = {
    "POST /api/v1/projects": "no snapshot to fold; test_the_first_event_describes_the_whole_project covers it",
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
    "PATCH /api/v1/notifications/{notification_id}": "a person's own inbox is in no snapshot",
    "POST /api/v1/notifications/read-all": "a person's own inbox is in no snapshot",
    "PUT /api/v1/notifications/mail": "a person's own inbox is in no snapshot",
    "POST /api/v1/mail/unsubscribe/{token}": "a person's own inbox is in no snapshot",
    "PUT /api/v1/projects/{project_id}/notifications": "a person's own inbox is in no snapshot",
    "PUT /api/v1/projects/{project_id}/tasks/{task_id}/watch": "a person's own inbox is in no snapshot",
    "DELETE /api/v1/projects/{project_id}/tasks/{task_id}/watch": "a person's own inbox is in no snapshot",
    "POST /api/v1/projects/{project_id}/invitations": "invitations are in no snapshot",
    "DELETE /api/v1/projects/{project_id}/invitations/{invitation_id}": "invitations are in no snapshot",
    "POST /emulation": "signals are no events, and nothing else can be said there",
}


@dataclass(slots=True)
class Scene:
    """Ada's project with Bob as an editor, two tasks to do and one done, whose description is a document, Bob's comment
    on the first one with a thumb of Ada's, two documents and one in the trash, and a fourth column after Done. The
    first task has two labels, the second one of them. Cleo has nothing to do with it.
    """

    ada: Person
    bob: Person
    cleo: Person
    project: Project
    tasks: list[Json] = field(default_factory=list)
    documents: list[Json] = field(default_factory=list)
    columns: list[Json] = field(default_factory=list)
    labels: list[Json] = field(default_factory=list)
    version: str = ""
    comment: str = ""

    def task(self, number: int) -> str:
        return f"{self.project.path}/tasks/{self.tasks[number]['id']}"

    def document(self, number: int) -> str:
        return f"/documents/{self.documents[number]['id']}"

    def column(self, number: int) -> str:
        return f"{self.project.path}/columns/{self.columns[number]['id']}"

    def label(self, number: int) -> str:
        return f"{self.project.path}/labels/{self.labels[number]['id']}"

    def member(self, person: Person) -> str:
        return f"{self.project.path}/members/{person.id}"


Write = Callable[[Scene], Awaitable[Any]]

WRITES: dict[tuple[str, str], Write] = {
    (f"PATCH {PROJECT}", "rename"): lambda s: s.bob.patch(s.project.path, {"name": "Gemini", "description": "Two"}),
    (f"PATCH {PROJECT}", "archive"): lambda s: s.ada.patch(s.project.path, {"status": "archived", "name": "Old"}),
    (f"PATCH {PROJECT}", "restore"): lambda s: archive_and_restore(s),
    (f"PATCH {PROJECT}", "key"): lambda s: s.bob.patch(s.project.path, {"key": "moon"}),
    (f"PATCH {PROJECT}", "nothing"): lambda s: s.ada.patch(s.project.path, {"name": "Apollo"}),
    (f"DELETE {PROJECT}", "delete"): lambda s: s.ada.delete(s.project.path),
    (f"POST {PROJECT}/members", "add"): lambda s: s.ada.add_member(s.project, s.cleo, "viewer"),
    ("POST /api/v1/invitations/{token}/accept", "join"): lambda s: invite_and_join(s),
    (f"PATCH {MEMBER}", "role"): lambda s: s.ada.patch(s.member(s.bob), {"role": "viewer"}),
    (f"PATCH {MEMBER}", "hand over"): lambda s: s.ada.patch(s.member(s.bob), {"role": "owner"}),
    (f"DELETE {MEMBER}", "remove"): lambda s: s.ada.delete(s.member(s.bob)),
    ("PATCH /api/v1/auth/me", "name"): lambda s: s.bob.patch("/auth/me", {"name": "Robert"}),
    (f"POST {PROJECT}/tasks", "create"): lambda s: s.bob.create_task(s.project, "Land", labels=["moon"]),
    (f"POST {PROJECT}/import", "rows"): lambda s: s.bob.request(
        "POST", f"{s.project.path}/import", content="title,column\nSwim,Review\nRow,Done\n", Content_Type="text/csv"
    ),
    (f"PATCH {TASK}", "edit"): lambda s: s.bob.patch(s.task(0), {"title": "Soar", "due_on": "2026-07-16"}),
    (f"PATCH {TASK}", "assign"): lambda s: s.bob.patch(s.task(0), {"assignee_id": s.ada.id}),
    (f"PATCH {TASK}", "status"): lambda s: s.bob.patch(s.task(0), {"status": "done", "title": "Flown"}),
    (f"PATCH {TASK}", "place"): lambda s: s.bob.patch(s.task(1), {"before": s.tasks[0]["id"]}),
    (f"PATCH {TASK}", "crowd"): lambda s: crowd_a_gap(s),
    (f"POST {PROJECT}/tasks", "in a column"): lambda s: s.bob.create_task(s.project, column_id=s.columns[3]["id"]),
    (f"PATCH {TASK}", "column"): lambda s: s.bob.patch(s.task(0), {"column_id": s.columns[3]["id"], "title": "Up"}),
    (f"PATCH {TASK}", "nothing"): lambda s: s.bob.patch(s.task(0), {"before": s.tasks[1]["id"], "title": "Fly"}),
    (f"PATCH {TASK}", "description"): lambda s: s.bob.patch(s.task(2), {"description": "Down."}),
    (f"POST {TASK}/document", "make"): lambda s: s.bob.post(f"{s.task(0)}/document"),
    (f"POST {TASK}/document", "nothing"): lambda s: s.bob.post(f"{s.task(2)}/document", expect=200),
    (f"DELETE {TASK}", "delete"): lambda s: s.bob.delete(s.task(2)),
    (f"DELETE {TASK}", "for good"): lambda s: s.ada.delete(f"{s.task(2)}?purge=true"),
    (f"POST {TASK}/restore", "restore"): lambda s: delete_and_restore(s),
    (f"POST {COMMENTS}", "create"): lambda s: s.ada.post(f"{s.task(1)}/comments", {"body": "Up?"}),
    (f"POST {COMMENTS}", "reply"): lambda s: reply(s),
    (f"PATCH {COMMENT}", "edit"): lambda s: s.bob.patch(s.comment, {"body": f"@[Ada](mention://user/{s.ada.id})?"}),
    (f"PATCH {COMMENT}", "resolve"): lambda s: s.ada.patch(s.comment, {"resolved": True}),
    (f"PATCH {COMMENT}", "nothing"): lambda s: s.bob.patch(s.comment, {"body": "High?", "resolved": False}),
    (f"DELETE {COMMENT}", "delete"): lambda s: s.bob.delete(s.comment),
    (f"POST {COMMENT}/restore", "restore"): lambda s: restore_comment(s),
    (f"PUT {REACTION}", "react"): lambda s: s.bob.put(f"{s.comment}/reactions/🚀"),
    (f"PUT {REACTION}", "nothing"): lambda s: s.ada.put(f"{s.comment}/reactions/👍"),
    (f"DELETE {REACTION}", "take back"): lambda s: s.ada.delete(f"{s.comment}/reactions/👍"),
    (f"DELETE {REACTION}", "nothing"): lambda s: s.bob.delete(f"{s.comment}/reactions/👍"),
    (f"POST {PROJECT}/columns", "create"): lambda s: s.bob.post(
        f"{s.project.path}/columns", {"name": "Review", "category": "in_progress", "color": "blue", "wip_limit": 2}
    ),
    (f"PATCH {COLUMN}", "edit"): lambda s: s.bob.patch(s.column(0), {"name": "Ready", "wip_limit": 3, "color": "red"}),
    (f"PATCH {COLUMN}", "category"): lambda s: s.bob.patch(s.column(2), {"category": "in_progress"}),
    (f"PATCH {COLUMN}", "move"): lambda s: s.bob.patch(s.column(3), {"before": s.columns[0]["id"], "name": "First"}),
    (f"PATCH {COLUMN}", "crowd"): lambda s: crowd_columns(s),
    (f"PATCH {COLUMN}", "nothing"): lambda s: s.bob.patch(s.column(0), {"before": s.columns[1]["id"], "name": "To do"}),
    (f"DELETE {COLUMN}", "delete"): lambda s: s.bob.delete(s.column(3)),
    (f"DELETE {COLUMN}", "with tasks"): lambda s: s.bob.delete(f"{s.column(2)}?move_to={s.columns[0]['id']}"),
    (f"PATCH {TASK}", "labels"): lambda s: s.bob.patch(s.task(1), {"labels_add": ["new", "Safe"], "title": "Go"}),
    (f"PATCH {TASK}", "labels and place"): lambda s: s.bob.patch(s.task(1), {"labels": ["a", "b"], "status": "done"}),
    (f"POST {PROJECT}/labels", "create"): lambda s: s.bob.post(f"{s.project.path}/labels", {"name": "urgent"}),
    (f"PATCH {LABEL}", "rename"): lambda s: s.bob.patch(s.label(1), {"name": "Safety first", "color": "red"}),
    (f"PATCH {LABEL}", "colour"): lambda s: s.bob.patch(s.label(1), {"color": "pink"}),
    (f"PATCH {LABEL}", "nothing"): lambda s: s.bob.patch(s.label(1), {"name": "safe"}),
    (f"DELETE {LABEL}", "delete"): lambda s: s.bob.delete(s.label(1)),
    (f"POST {PROJECT}/documents", "create"): lambda s: s.bob.post(f"{s.project.path}/documents", {"title": "Log"}),
    (f"PATCH {DOCUMENT}", "rename"): lambda s: s.bob.patch(s.document(0), {"title": "Flight plan"}),
    (f"PATCH {DOCUMENT}", "nothing"): lambda s: s.bob.patch(s.document(0), {"title": "Plan"}),
    (f"DELETE {DOCUMENT}", "trash"): lambda s: s.bob.delete(s.document(0)),
    (f"DELETE {DOCUMENT}", "for good"): lambda s: s.ada.delete(f"{s.document(1)}?purge=true"),
    (f"DELETE {DOCUMENT}", "nothing"): lambda s: s.ada.delete(f"{s.document(2)}?purge=true"),
    (f"PATCH {DOCUMENT}/content", "write"): lambda s: write(s, "Fly there.\nLand."),
    (f"PATCH {DOCUMENT}/content", "nothing"): lambda s: write(s, ""),
    (f"POST {DOCUMENT}/versions", "keep"): lambda s: keep_version(s),
    (f"DELETE {DOCUMENT}/versions/{{version_id}}", "nothing"): lambda s: s.bob.delete(f"{s.version}"),
    (f"POST {DOCUMENT}/versions/{{version_id}}/restore", "restore"): lambda s: write_and_restore(s),
    (f"POST {DOCUMENT}/restore", "undelete"): lambda s: s.bob.post(f"{s.document(2)}/restore", expect=200),
}


async def archive_and_restore(scene: Scene) -> None:
    await scene.ada.patch(scene.project.path, {"status": "archived"})
    await scene.ada.patch(scene.project.path, {"status": "active"})


async def delete_and_restore(scene: Scene) -> None:
    await scene.bob.delete(scene.task(1))
    await scene.bob.post(f"{scene.task(1)}/restore", expect=200)


async def invite_and_join(scene: Scene) -> None:
    made = await scene.ada.post(f"{scene.project.path}/invitations", {"role": "viewer"})
    await scene.cleo.post(f"/invitations/{made['url'].rpartition('/')[2]}/accept", expect=200)


async def restore_comment(scene: Scene) -> None:
    await scene.bob.delete(scene.comment)
    await scene.bob.post(f"{scene.comment}/restore", expect=200)


async def reply(scene: Scene) -> None:
    where = f"{scene.task(0)}/comments"
    await scene.ada.post(where, {"body": "Rather.", "parent_id": scene.comment.rpartition("/")[2]})


async def write(scene: Scene, text: str) -> None:
    await scene.bob.request("PATCH", f"{scene.document(0)}/content?format=text", content=text.encode())


async def keep_version(scene: Scene) -> Json:
    kept: Json = await scene.bob.post(f"{scene.document(0)}/versions", {"label": "As sent"})
    return kept


async def write_and_restore(scene: Scene) -> None:
    await write(scene, "Fly there.")
    await scene.bob.post(f"{scene.version}/restore", expect=200)


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


async def crowd_columns(scene: Scene) -> None:
    """Two columns overtake each other before the third until their positions would get too long."""
    for turn in range(40):
        await scene.bob.patch(scene.column(turn % 2), {"before": scene.columns[2]["id"]})
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
    scene.tasks.append(await ada.create_task(scene.project, "Launch", status="done", description="Up."))
    await ada.change_task(scene.project, scene.tasks[0], labels=["fuel", "safe"])
    await ada.change_task(scene.project, scene.tasks[1], labels=["safe"])
    scene.labels = await ada.get(f"{scene.project.path}/labels")
    await ada.post(f"{scene.task(2)}/document")
    scene.comment = f"{scene.task(0)}/comments/{(await bob.post(f'{scene.task(0)}/comments', {'body': 'High?'}))['id']}"
    await ada.put(f"{scene.comment}/reactions/👍")
    await ada.post(f"{scene.project.path}/columns", {"name": "Archive", "category": "done"})
    scene.columns = await ada.get(f"{scene.project.path}/columns")
    scene.documents = [
        await ada.post(f"{scene.project.path}/documents", {"title": title}) for title in ("Plan", "Notes", "Draft")
    ]
    await ada.delete(scene.document(2))
    scene.version = f"{scene.document(0)}/versions/{(await keep_version(scene))['id']}"
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
    monkeypatch.setattr(copies, "new_client_id", count(2**30).__next__)  # their size is part of the vectors
    monkeypatch.setattr(positions, "MAX_POSITION_CHARS", 6)  # a gap is used up after some moves, not hundreds
    old = await scene.ada.snapshot(scene.project)
    await WRITES[route, case](scene)
    events = await recorded(runtime, scene.project, after=old["stream"]["offset"])

    if route == f"DELETE {PROJECT}":
        # No snapshot is left to compare with, only the last event.
        assert [(event["type"], event["data"]) for event in events] == [
            ("project.deleted", {"project": {"id": scene.project.id}})
        ]
        await scene.ada.get(f"{scene.project.path}/snapshot", expect=404)
        return
    new = await scene.ada.snapshot(scene.project)
    before_last, result = old, old
    for event in events:
        before_last, result = result, fold(result, event)
        if "changed" in event["data"] and not event["type"].startswith("comment."):  # test_comments has those
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


async def test_the_first_event_describes_the_whole_project(scene: Scene, runtime: Runtime) -> None:
    """A reader from the first event needs no snapshot."""
    new = await scene.ada.snapshot(scene.project)
    events = await recorded(runtime, scene.project)
    assert [event["offset"] for event in events] == list(range(1, len(events) + 1))
    state: Json = {
        "project": events[0]["data"]["project"] | {"role": "owner"},
        "members": [events[0]["data"]["member"]],
        "columns": events[0]["data"]["columns"],
        "labels": [],
        "tasks": [],
        "documents": [],
        "stream": new["stream"] | {"offset": 1},
    }
    for event in events:
        state = fold(state, event)
    assert in_order(state) == new


@pytest.mark.parametrize("vector", vectors.load(), ids=lambda vector: vector["name"])
def test_the_vectors_for_other_languages_are_current(vector: Json) -> None:
    assert in_order(fold(vector["snapshot"], vector["event"])) == in_order(vector["result"])


def values_before(snapshot: Json, event: Json) -> Json:
    """The fields of `previous` as the snapshot before the event has them."""
    data = event["data"]
    noun = event["type"].partition(".")[0]
    if noun == "project":
        old = snapshot["project"]
    else:
        key = "user_id" if noun == "member" else "id"
        (old,) = (each for each in snapshot[f"{noun}s"] if each[key] == data[noun][key])
    told = (
        {"column_id", "status", "position"}
        if event["type"] == "task.moved"
        else set(data["changed"]) - {"description", "content"}
    )
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
