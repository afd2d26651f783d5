"""Imports of CSV: what becomes of the rows, of rows that can't be taken, and of repeated requests."""

import asyncio
import csv
import io
from typing import Any

import pytest

from roomful.settings import Settings
from roomful.transfers import imports
from tests.support.api import API, Api, Json, Person, Project
from tests.support.app import serving
from tests.support.raw_socket import RawSocket


@pytest.fixture
async def ada(api: Api) -> Person:
    return await api.register("ada", "Lovelace")


@pytest.fixture
async def project(ada: Person) -> Project:
    return await ada.create_project()


async def send(
    person: Person, project: Project, body: str | bytes, *, expect: int = 200, query: str = "", **headers: str
) -> Json:
    content = body.encode() if isinstance(body, str) else body
    answer = await person.request(
        "POST", f"{project.path}/import{query}", content=content, Content_Type="text/csv", **headers
    )
    assert answer.status_code == expect, answer.text
    found: Json = answer.json()
    return found


async def tasks_of(person: Person, project: Project) -> list[Json]:
    found: list[Json] = (await person.snapshot(project))["tasks"]
    return found


async def test_each_row_is_a_task_with_one_event(api: Api, ada: Person, project: Project) -> None:
    bob = await api.register("bob", "Page")
    await ada.add_member(project, bob)
    review = await ada.post(f"{project.path}/columns", {"name": "Review", "category": "in_progress", "wip_limit": 1})
    before = await ada.snapshot(project)
    body = (
        "Title,Description,Column,Labels,Assignee,Due date,Colour\r\n"
        'Fly,"Up\r\nand away",review,"moon, fast",bob page,2026-07-16,red\r\n'
        "Land,,REVIEW,,,,\r\n"
        "Rest,,,,,,\r\n"
    )
    answer = await send(bob, project, body)
    assert (answer["made"], answer["left_out"], answer["doubts"], answer["drafts"]) == (3, [], [], [])
    assert [heading["field"] for heading in answer["headings"]] == [
        *("title", "description", "column", "labels", "assignee", "due_on", None)
    ]
    events = await ada.all_events(project, after=before["stream"]["offset"])
    assert [event["type"] for event in events] == ["task.created"] * 3
    assert {event["actor_id"] for event in events} == {bob.id}
    tasks = {task["title"]: task for task in await tasks_of(ada, project)}
    fly = tasks["Fly"]
    assert (fly["description"], fly["labels"]) == ("Up\r\nand away", ["moon", "fast"])
    assert (fly["assignee_id"], fly["due_on"], fly["column_id"]) == (bob.id, "2026-07-16", review["id"])
    assert [tasks[title]["number"] for title in ("Fly", "Land", "Rest")] == [1, 2, 3]
    assert tasks["Land"]["position"] > fly["position"]
    assert tasks["Rest"]["status"] == "todo"
    assert (await ada.get("/notifications")) == []


HOSTILE = "\r\n".join(
    (
        "title,description,column,labels,assignee,due_on",
        '\'=1+1,"\'-1",To do,"\'@x",,',
        ",no title,,,,",
        f"{'x' * 201},,,,,",
        f"Long,{'x' * 10_001},,,,",
        "Null,a\x00b,,,,",
        "Hidden\u202e,,,,,",
        "Labels,,," + '"' + ",".join(map(str, range(21))) + '",,',
        "Wide,,,,,,surplus",
        "Strange,,Nowhere,,Nobody,soon",
        "",
        'Open,"never closed,,,,',
        "Lost,,,,,",
    )
)


async def test_rows_that_cannot_be_taken_are_left_out(ada: Person, project: Project) -> None:
    dry = await send(ada, project, HOSTILE, query="?dry_run=true")
    assert [draft["title"] for draft in dry["drafts"]] == ["=1+1", "Strange"]
    assert await tasks_of(ada, project) == []
    answer = await send(ada, project, HOSTILE)
    assert answer == dry | {"drafts": []}
    assert answer["made"] == 2
    assert [(row["row"], row["line"]) for row in answer["left_out"]] == [
        *((2, 3), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8), (8, 9), (10, 12))
    ]
    assert [row["reason"].split()[0] for row in answer["left_out"]] == [
        *("It", "title:", "description:", "It", "title:", "labels:", "It", "A")
    ]
    assert [(doubt["row"], doubt["field"], doubt["value"]) for doubt in answer["doubts"]] == [
        *((9, "assignee", "Nobody"), (9, "due_on", "soon"), (9, "column", "Nowhere"))
    ]
    one = next(task for task in await tasks_of(ada, project) if task["title"] == "=1+1")
    assert (one["description"], one["labels"]) == ("-1", ["@x"])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "VALIDATION"),
        (b"name of it,when\nFly,now\n", 422, "VALIDATION"),
        (b"title\nCaf\xe9\n", 422, "VALIDATION"),
        (b'"title\nFly', 422, "VALIDATION"),
        (b"title," + b"x," * 500 + b"\nFly\n", 422, "VALIDATION"),
        (b"title\n" + b"Fly\n" * (imports.MAX_ROWS + 1), 409, "LIMIT_REACHED"),
        (b"title,description\nFly," + b"x" * 10_000_000, 413, "PAYLOAD_TOO_LARGE"),
    ],
)
async def test_a_bad_file_is_refused_and_makes_nothing(
    ada: Person, project: Project, body: bytes, status: int, code: str
) -> None:
    refused = await send(ada, project, body, expect=status)
    assert refused["code"] == code
    assert (await ada.snapshot(project))["stream"]["offset"] == 1


async def test_files_of_spreadsheets(ada: Person, project: Project) -> None:
    await send(ada, project, "title\tcolumn\r\nFly\tDone\r\n".encode("utf-16"))
    await send(ada, project, b"\xef\xbb\xbftitle;due date\r\nLand;16.07.2026\r\n")
    assert {(task["title"], task["status"], task["due_on"]) for task in await tasks_of(ada, project)} == {
        ("Fly", "done", None),
        ("Land", "todo", "2026-07-16"),
    }


async def test_roles(api: Api, ada: Person, project: Project) -> None:
    eve, vic, cleo = await api.register("eve"), await api.register("vic"), await api.register("cleo")
    await ada.add_member(project, eve)
    await ada.add_member(project, vic, "viewer")
    body = "title\nFly\n"
    await send(eve, project, body)
    for query in ("", "?dry_run=true"):
        await send(vic, project, body, expect=403, query=query)
        await send(cleo, project, body, expect=404, query=query)
    await ada.patch(project.path, {"status": "archived"})
    await send(ada, project, body, expect=409)
    assert len(await tasks_of(ada, project)) == 1


async def test_only_the_owner_names_others_by_address(api: Api, ada: Person, project: Project) -> None:
    bob, eve = await api.register("bob"), await api.register("eve")
    await ada.add_member(project, bob)
    body = f"title,assignee\nFly,{bob.email.upper()}\nLand,{eve.email}\n"
    answer = await send(ada, project, body)
    assert [doubt["value"] for doubt in answer["doubts"]] == [eve.email]
    assert [task["assignee_id"] for task in await tasks_of(ada, project)] == [bob.id, None]
    await ada.add_member(project, eve)
    answer = await send(eve, project, body)
    assert [doubt["value"] for doubt in answer["doubts"]] == [bob.email.upper()]
    assert [task["assignee_id"] for task in await tasks_of(ada, project)][2:] == [None, eve.id]


async def test_two_with_one_name_are_told_by_their_ids(api: Api, ada: Person, project: Project) -> None:
    first, second = await api.register("bob"), await api.register("bob")
    for person in (first, second):
        await ada.add_member(project, person)
    answer = await send(ada, project, f"title,assignee,assignee_id\nFly,Bob,{second.id}\nLand,Bob,\n")
    assert [doubt["row"] for doubt in answer["doubts"]] == [2]
    assert [task["assignee_id"] for task in await tasks_of(ada, project)] == [second.id, None]


async def test_a_full_project_takes_what_fits(settings: Settings) -> None:
    small = settings.model_copy(update={"max_tasks_per_project": 2})
    async with serving(small) as live:
        ada = await live.api.register("ada")
        project = await ada.create_project()
        body = "title\nOne\nTwo\nThree\n"
        dry = await send(ada, project, body, query="?dry_run=true")
        answer = await send(ada, project, body)
        assert answer["made"] == dry["made"] == 2
        assert [row["row"] for row in answer["left_out"]] == [3]
        assert "tasks" in answer["left_out"][0]["reason"]


async def test_a_repeated_part_is_made_once(ada: Person, project: Project) -> None:
    body = "title\nFly\nLand\n"
    async with asyncio.TaskGroup() as group:
        both = [group.create_task(send(ada, project, body, Idempotency_Key="part-1")) for _ in range(2)]
    assert both[0].result() == both[1].result()
    assert len(await tasks_of(ada, project)) == 2
    other = await send(ada, project, "title\nSwim\n", expect=422, Idempotency_Key="part-1")
    assert other["code"] == "IDEMPOTENCY_KEY_REUSED"
    await send(ada, project, body, Idempotency_Key="part-2")
    assert [task["number"] for task in await tasks_of(ada, project)] == [1, 2, 3, 4]


NASTY: list[Any] = [
    {"title": "=1+1", "description": "'=1", "labels": ["-", "a,b", 'say "x"', " lead", "trail "]},
    {"title": "'quoted", "description": "- one\r\n- two\n\n\ttab", "labels": ["@all"]},
    {"title": "  spaces  ", "description": '"', "due_on": "2026-07-16"},
    {"title": "tab\tand\nline", "description": ",;\t", "labels": ["two\nlines"]},
    {"title": "\uff1dwide", "description": "\ufeffmark \U0001f680"},
]


async def test_an_export_is_imported_as_it_was(api: Api, ada: Person, project: Project) -> None:
    bob = await api.register("bob", "Page")
    copy = await ada.create_project("Copy")
    for place in (project, copy):
        await ada.add_member(place, bob)
        await ada.post(f"{place.path}/columns", {"name": "=Review, “2”", "category": "in_progress"})
    columns = (await ada.snapshot(project))["columns"]
    for number, fields in enumerate(NASTY * 2):
        await ada.create_task(project, column_id=columns[number % 4]["id"], assignee_id=bob.id, **fields)
    exported = (await ada.request("GET", f"{project.path}/export?format=csv")).content
    answer = await send(ada, copy, exported)
    assert (answer["made"], answer["left_out"], answer["doubts"]) == (10, [], [])
    again = (await ada.request("GET", f"{copy.path}/export?format=csv")).content
    kept = ("title", "description", "column", "status", "labels", "assignee", "due_on", "assignee_id")

    def rows(body: bytes) -> list[list[str]]:
        read = csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""))
        return [[row[name] for name in kept] for row in read]

    assert rows(exported) == rows(again)
    plain = [(task["title"], task["description"], task["labels"]) for task in await tasks_of(ada, copy)]
    assert plain == [(task["title"], task["description"], task["labels"]) for task in await tasks_of(ada, project)]


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_a_slow_sender_makes_nobody_wait(settings: Settings) -> None:
    async with serving(settings) as live, RawSocket(live.port) as slow:
        ada = await live.api.register("ada")
        project = await ada.create_project()
        lines = (
            f"POST {API}{project.path}/import HTTP/1.1",
            f"Host: 127.0.0.1:{live.port}",
            f"Authorization: Bearer {ada.token}",
            "Content-Type: text/csv",
            "Content-Length: 1000",
            "",
            "title\n",
        )
        slow.writer.write("\r\n".join(lines).encode())
        await slow.writer.drain()
        # One after the other: the slow request has begun when the last one is answered.
        for _ in range(5):
            await ada.create_task(project)
