"""Exports: what they hold, who reads them, and what their readers cost."""

import asyncio
import csv
import io
from contextlib import AsyncExitStack
from typing import Any

import pytest

from roomful.runtime import Runtime
from roomful.settings import Settings
from roomful.snapshots import builds
from roomful.tasks.schemas import MAX_DESCRIPTION_CHARS
from roomful.transfers import exports
from roomful.transport import slow_answers
from tests.support.api import API, Api, Json, Person, Project
from tests.support.app import serving
from tests.support.large import fill
from tests.support.raw_socket import RawSocket


@pytest.fixture
async def ada(api: Api) -> Person:
    return await api.register("ada", "Lovelace")


async def export(person: Person, project: Project) -> Json:
    found: Json = await person.get(f"{project.path}/export")
    return found


async def rows_of(person: Person, project: Project) -> list[dict[str, str]]:
    answer = await person.request("GET", f"{project.path}/export?format=csv")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def test_everything_a_member_reads_is_in_it(api: Api, ada: Person) -> None:
    project, vic = await ada.create_project(), await api.register("vic")
    await ada.add_member(project, vic, "viewer")
    task = await ada.create_task(project, "Fly", description="# Up", labels=["moon"], assignee_id=vic.id)
    first = await ada.comment(project, task, "High?")
    await ada.comment(project, task, "Very.", parent_id=first["id"])
    gone = await ada.create_task(project, "Land")
    await ada.delete(f"{project.path}/tasks/{gone['id']}")
    document = await ada.post(f"{project.path}/documents", {"title": "Plan"})
    content = f"/documents/{document['id']}/content?format=markdown"
    await ada.request("PATCH", content, content="**Go**", Content_Type="text/markdown")

    found = await export(vic, project)
    snapshot = await ada.snapshot(project)
    comments = await ada.get(f"{project.path}/tasks/{task['id']}/comments")
    assert found["format"] == "roomful-project-1"
    assert found["project"] == {name: snapshot["project"][name] for name in found["project"]}
    assert set(snapshot["project"]) - set(found["project"]) == {"role", "offset"}
    for name in ("members", "columns", "labels", "stream"):
        assert found[name] == snapshot[name], name
    assert found["tasks"] == [snapshot["tasks"][0] | {"comments": comments}]
    assert found["documents"] == [snapshot["documents"][0] | {"markdown": "**Go**\n"}]
    assert "@example.test" not in str(found)
    (row,) = await rows_of(vic, project)
    assert row["number"] == f"APOLLO-{task['number']}"
    assert (row["title"], row["description"], row["column"], row["status"]) == ("Fly", "# Up", "To do", "todo")
    assert (row["labels"], row["assignee"], row["created_by"], row["due_on"]) == ("moon", "Vic", "Ada Lovelace", "")
    assert row["created_at"] == task["created_at"]


async def test_its_head_says_what_it_is(ada: Person) -> None:
    project = await ada.create_project("Zoë's “Moon”\r\nX: y/../z")
    for format, kind in (("json", "application/json"), ("csv", "text/csv; charset=utf-8; header=present")):
        answer = await ada.request("GET", f"{project.path}/export?format={format}", Accept_Encoding="gzip")
        assert answer.headers["Content-Type"] == kind
        assert answer.headers["Content-Encoding"] == "gzip"
        assert (answer.headers["X-Stream-Offset"], len(answer.headers["X-Stream-Epoch"])) == ("1", 8)
        assert answer.headers["Content-Disposition"] == (
            f'attachment; filename="zoe-s-moon-x-y-z.{format}"; '
            f"filename*=UTF-8''Zo%C3%AB%27s%20%E2%80%9CMoon%E2%80%9D-X-%20y-..-z.{format}"
        )
    refused = await ada.request("GET", f"{project.path}/export?format=xml")
    assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION")


async def test_only_members_read_it(api: Api, ada: Person) -> None:
    project, eve, vic = await ada.create_project(), await api.register("eve"), await api.register("vic")
    for format in ("json", "csv"):
        await eve.get(f"{project.path}/export?format={format}", expect=404)
    await ada.add_member(project, vic, "viewer")
    await export(vic, project)
    await ada.remove_member(project, vic)
    await vic.get(f"{project.path}/export", expect=404)
    await ada.patch(project.path, {"status": "archived"})
    await export(ada, project)


async def test_a_long_description_is_whole(ada: Person) -> None:
    project = await ada.create_project()
    task = await ada.create_task(project)
    document = await ada.post(f"{project.path}/tasks/{task['id']}/document")
    text = "\n\n".join(f"Line {number}" for number in range(2_000))
    content = f"/documents/{document['id']}/content?format=markdown"
    await ada.request("PATCH", content, content=text, Content_Type="text/markdown")
    (cut,) = (await ada.snapshot(project))["tasks"]
    (whole,) = (await export(ada, project))["tasks"]
    assert len(cut["description"]) == MAX_DESCRIPTION_CHARS
    assert whole["description"] == text
    (row,) = await rows_of(ada, project)
    assert row["description"] == text


async def test_blanks_that_end_a_line_are_blanks_in_a_cell(ada: Person) -> None:
    project = await ada.create_project()
    task = await ada.create_task(project)
    document = await ada.post(f"{project.path}/tasks/{task['id']}/document")
    content = f"/documents/{document['id']}/content?format=text"
    await ada.request("PATCH", content, content="Order fuel \nand wax ", Content_Type="text/plain")
    as_sent = await ada.create_task(project, description="Order fuel &#32;")
    written, plain = await rows_of(ada, project)
    assert written["description"] == "Order fuel \n\nand wax "
    assert plain["description"] == as_sent["description"]


async def test_formulas_are_text(ada: Person) -> None:
    project = await ada.create_project()
    for text in ("=HYPERLINK(1)", "+1", "-1", "@x", "\t=1", "'=1"):
        await ada.create_task(project, text, description=text, labels=[text.strip()])
    for row in await rows_of(ada, project):
        assert row["title"].startswith("'"), row
        assert row["description"].startswith("'"), row
        assert row["labels"].startswith("'"), row


async def test_it_is_one_state_while_others_write(ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PAGE_TASKS", 2)
    monkeypatch.setattr(exports, "PAGE_COMMENTS", 2)
    project = await ada.create_project()
    tasks = [await ada.create_task(project, f"Task {number}") for number in range(5)]
    for _ in range(5):
        await ada.comment(project, tasks[0])

    async def write() -> None:
        for turn in range(8):
            await ada.create_task(project, f"New {turn}")
            await ada.comment(project, tasks[1])

    taken: list[Json] = []
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(write())
        while not writing.done():
            taken.append(await export(ada, project))
    taken.append(await export(ada, project))
    events = await ada.all_events(project)
    for found in taken:
        seen = [event["type"] for event in events[: found["stream"]["offset"]]]
        assert len(found["tasks"]) == found["project"]["task_count"] == seen.count("task.created")
        assert sum(len(task["comments"]) for task in found["tasks"]) == seen.count("comment.created")
        for task in found["tasks"]:
            assert len(task["comments"]) == task["comment_count"]


async def test_a_crowd_shares_one_build(ada: Person, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    project = await ada.create_project()
    count = 0
    begin = exports._Export._begin

    async def counting(*arguments: Any) -> Any:
        nonlocal count
        count += 1
        return await begin(*arguments)

    monkeypatch.setattr(exports._Export, "_begin", counting)
    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(export(ada, project))
    assert count == 1


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_readers_that_never_read_hold_no_connection_and_are_few(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_answers, "GRACE_SECONDS", 3600.0)  # or the first is dropped before a slow test has all
    small = settings.model_copy(update={"database_pool_size": 2, "database_pool_overflow": 0})
    async with serving(small) as live, AsyncExitStack() as stack:
        ada = await live.api.register("ada")
        project = await ada.create_project()
        async with live.runtime.transaction() as session:
            await fill(session, project, ada, tasks=1_000, characters=9_000)
        for _ in range(builds.MAX_READERS_PER_PERSON):
            reader = await stack.enter_async_context(RawSocket(live.port, receive_buffer=4_096))
            lines = (
                f"GET {API}{project.path}/export?format=csv HTTP/1.1",
                f"Host: 127.0.0.1:{live.port}",
                f"Authorization: Bearer {ada.token}",
                "",
                "",
            )
            reader.writer.write("\r\n".join(lines).encode())
            async with asyncio.timeout(60):
                head = await reader.reader.readuntil(b"\r\n\r\n")
            assert b" 200 " in head.split(b"\r\n")[0], head
        assert (await ada.create_task(project))["title"] == "Fly"
        refused = await ada.request("GET", f"{project.path}/export?format=csv")
        assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMITED")
