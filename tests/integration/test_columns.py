"""Columns of a board, and the numbers and places of tasks in them."""

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine
from itertools import pairwise
from typing import Any

import httpx
import pytest

from roomful.columns import service
from roomful.settings import Settings
from tests.support.api import Api, Json, Person, Project
from tests.support.fold import fold, in_order

NOBODY = "019a7f5e-0000-7000-8000-000000000000"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """On a busy machine the last of fifty writers of one project waits more than 5 s for a connection."""
    return settings.model_copy(update={"database_pool_timeout": 60.0, "database_statement_timeout": 60.0})


@pytest.fixture
async def ada(api: Api) -> Person:
    return await api.register("ada")


@pytest.fixture
async def project(ada: Person) -> Project:
    return await ada.create_project("Moon")


async def columns_of(person: Person, project: Project) -> list[Json]:
    found: list[Json] = await person.get(f"{project.path}/columns")
    return found


async def add(person: Person, project: Project, name: str, category: str = "in_progress", **fields: object) -> Json:
    body = {"name": name, "category": category, **fields}
    added: Json = await person.post(f"{project.path}/columns", body)
    return added


def path(project: Project, column: Json) -> str:
    return f"{project.path}/columns/{column['id']}"


async def names(person: Person, project: Project) -> list[str]:
    return [column["name"] for column in await columns_of(person, project)]


async def titles(person: Person, project: Project, column: Json) -> list[str]:
    return [task["title"] for task in await person.get(f"{project.path}/tasks?column_id={column['id']}&limit=200")]


async def at_once(asked: list[Coroutine[Any, Any, httpx.Response]]) -> list[httpx.Response]:
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(each) for each in asked]
    return [each.result() for each in running]


async def test_a_project_begins_with_three_columns(ada: Person, project: Project) -> None:
    columns = await columns_of(ada, project)
    assert [(column["name"], column["category"]) for column in columns] == [
        ("To do", "todo"),
        ("In progress", "in_progress"),
        ("Done", "done"),
    ]
    assert set(columns[0]) == {
        *("id", "name", "category", "color", "wip_limit", "position", "version", "created_at", "updated_at")
    }
    (event,) = await ada.events(project)
    assert (event["type"], event["data"]["columns"]) == ("project.created", columns)
    snapshot = await ada.snapshot(project)
    assert (snapshot["columns"], snapshot["project"]["key"]) == (columns, "MOON")


async def test_a_new_column_follows_those_of_its_category(ada: Person, project: Project) -> None:
    body = {"name": "Review", "category": "in_progress", "color": "blue", "wip_limit": 3}
    answer = await ada.request("POST", f"{project.path}/columns", json=body, X_Client_Mutation_ID="m 1")
    column = answer.json()
    assert answer.status_code == 201
    assert answer.url.join(answer.headers["Location"]).path == f"/api/v1{path(project, column)}"
    assert answer.headers["ETag"] == '"1"'
    assert column | body == column
    assert await names(ada, project) == ["To do", "In progress", "Review", "Done"]
    shown = await ada.request("GET", path(project, column))
    assert (shown.json(), shown.headers["ETag"]) == (column, '"1"')
    (event,) = await ada.events(project, after=1)
    assert (event["type"], event["mutation_id"], event["data"]) == ("column.created", "m 1", {"column": column})
    await add(ada, project, "Ready", "todo", color="#12aBef")
    await add(ada, project, "Archive", "done")
    assert await names(ada, project) == ["To do", "Ready", "In progress", "Review", "Done", "Archive"]


BAD_FIELDS: list[Json] = [
    {"name": ""},
    {"name": " "},
    {"name": "x" * 61},
    {"name": None},
    {"name": 1},
    {"name": "a\x00b"},
    {"category": "gone"},
    {"category": None},
    {"color": "mauve"},
    {"color": "#12345"},
    {"color": "#1234567"},
    {"color": "blue\n"},
    {"color": "url(x)"},
    {"color": 1},
    {"wip_limit": 0},
    {"wip_limit": 1000},
    {"wip_limit": 1.5},
    {"wip_limit": True},
    {"wip_limit": "3"},
    {"id": "x"},
    {"position": "a0"},
    {"version": 2},
    {"project_id": "x"},
]


async def test_a_bad_field_is_refused_and_leaves_no_trace(ada: Person, project: Project) -> None:
    column = await add(ada, project, "Review")
    before = await ada.snapshot(project)
    for fields in BAD_FIELDS:
        for method, where, body in (
            ("POST", f"{project.path}/columns", {"name": "x", "category": "todo"} | fields),
            ("PATCH", path(project, column), fields),
        ):
            refused = await ada.request(method, where, json=body)
            assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION"), body
    for place in ({"before": NOBODY}, {"after": "x"}, {"before": column["id"], "after": column["id"]}):
        await ada.patch(path(project, column), {"name": "Moved", **place}, expect=422)
    await ada.post(f"{project.path}/columns", {"name": "x"}, expect=422)
    for method, body in (("GET", {}), ("PATCH", {"name": "x"}), ("DELETE", {})):
        for id_ in (NOBODY, "x"):
            assert (await ada.request(method, f"{project.path}/columns/{id_}", json=body or None)).status_code == 404
    assert await ada.snapshot(project) == before


async def test_a_change_makes_one_event_and_no_change_none(ada: Person, project: Project) -> None:
    column = await add(ada, project, "Review")
    fields = {"name": "Check", "color": "red", "wip_limit": 2}
    changed = await ada.patch(path(project, column), fields)
    assert (changed["version"], changed["position"]) == (2, column["position"])
    assert await ada.patch(path(project, column), fields) == changed
    assert await ada.patch(path(project, column), {"category": "in_progress", "before": column["id"]}) == changed
    cleared = await ada.patch(path(project, column), {"color": None, "wip_limit": None})
    assert (cleared["color"], cleared["wip_limit"], cleared["version"]) == (None, None, 3)
    events = await ada.events(project, after=2)
    assert [(event["type"], event["data"]["changed"], event["data"]["previous"]) for event in events] == [
        (
            "column.updated",
            ["name", "color", "wip_limit"],
            {"name": "Review", "color": None, "wip_limit": None},
        ),
        ("column.updated", ["color", "wip_limit"], {"color": "red", "wip_limit": 2}),
    ]


async def test_columns_move(ada: Person, project: Project) -> None:
    todo, doing, done = await columns_of(ada, project)
    await ada.patch(path(project, done), {"before": todo["id"], "name": "Ready made"})
    assert await names(ada, project) == ["Ready made", "To do", "In progress"]
    await ada.patch(path(project, todo), {"after": doing["id"]})
    assert await names(ada, project) == ["Ready made", "In progress", "To do"]
    await ada.patch(path(project, todo), {"after": doing["id"]})
    events = await ada.events(project, after=1)
    assert [(event["type"], event["data"]["changed"]) for event in events] == [
        ("column.moved", ["name", "position"]),
        ("column.moved", ["position"]),
    ]
    assert events[1]["data"]["previous"] == {"position": todo["position"]}


async def test_a_task_has_its_columns_category_as_status(ada: Person, project: Project) -> None:
    todo, doing, done = await columns_of(ada, project)
    review = await add(ada, project, "Review")
    task = await ada.create_task(project, "a", column_id=review["id"])
    assert (task["status"], task["column_id"]) == ("in_progress", review["id"])
    await ada.post(f"{project.path}/tasks", {"title": "b", "column_id": review["id"], "status": "done"}, expect=409)
    other = await ada.create_task(project, "b", status="in_progress")
    assert other["column_id"] == doing["id"]

    # A status goes to its first column, unless the task has it already or the neighbour is in another column.
    assert (await ada.change_task(project, task, status="in_progress"))["version"] == 1
    moved = await ada.change_task(project, task, status="done")
    assert (moved["column_id"], moved["status"]) == (done["id"], "done")
    moved = await ada.change_task(project, task, column_id=review["id"])
    moved = await ada.change_task(project, other, status="in_progress", before=task["id"])
    assert (moved["column_id"], await titles(ada, project, review)) == (review["id"], ["b", "a"])
    for place in (
        {"column_id": todo["id"], "status": "done"},
        {"column_id": todo["id"], "before": other["id"]},
        {"status": "todo", "after": other["id"]},
    ):
        await ada.patch(f"{project.path}/tasks/{task['id']}", {"title": "x", **place}, expect=409)
    newest = (await ada.all_events(project))[-1]
    assert (newest["type"], set(newest["data"]["changed"])) == ("task.moved", {"column_id", "position"})
    assert newest["data"]["previous"] == {"column_id": doing["id"], "position": other["position"]}


async def test_a_new_category_is_the_status_of_the_columns_tasks(ada: Person, project: Project) -> None:
    review = await add(ada, project, "Review")
    task = await ada.create_task(project, column_id=review["id"])
    await ada.patch(path(project, review), {"category": "done"})
    changed = await ada.get(f"{project.path}/tasks/{task['id']}")
    assert changed == task | {"status": "done"}
    (event,) = await ada.events(project, after=3)
    assert (event["type"], event["data"]["previous"]) == ("column.updated", {"category": "in_progress"})


async def test_each_category_keeps_a_column(ada: Person, project: Project) -> None:
    todo, doing, _ = await columns_of(ada, project)
    before = await ada.snapshot(project)
    refused = await ada.request("DELETE", f"{path(project, doing)}?move_to={todo['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "CONFLICT")
    await ada.patch(path(project, doing), {"category": "done", "name": "x"}, expect=409)
    assert await ada.snapshot(project) == before
    review = await add(ada, project, "Review")
    await ada.delete(path(project, doing))
    assert (await ada.create_task(project, status="in_progress"))["column_id"] == review["id"]
    await ada.patch(path(project, review), {"category": "todo"}, expect=409)


async def test_a_column_with_tasks_says_where_they_go(ada: Person, project: Project) -> None:
    _, doing, done = await columns_of(ada, project)
    review = await add(ada, project, "Review")
    tasks = [await ada.create_task(project, title, column_id=review["id"]) for title in "abc"]
    await ada.change_task(project, tasks[0], after=tasks[2]["id"])
    await ada.create_task(project, "x", status="done")
    before = await ada.snapshot(project)
    await ada.delete(path(project, review), expect=409)
    for nowhere in (NOBODY, "x", review["id"]):
        refused = await ada.request("DELETE", f"{path(project, review)}?move_to={nowhere}")
        assert (refused.status_code, refused.json()["details"][0]["field"]) == (422, "move_to")
    assert await ada.snapshot(project) == before

    await ada.delete(f"{path(project, review)}?move_to={done['id']}")
    assert await titles(ada, project, done) == ["x", "b", "c", "a"]
    after = await ada.snapshot(project)
    assert {task["status"] for task in after["tasks"]} == {"done"}
    (event,) = await ada.events(project, after=before["stream"]["offset"])
    assert (event["type"], event["data"]["column"], event["data"]["move_to"]) == (
        "column.deleted",
        {"id": review["id"]},
        done["id"],
    )
    assert set(event["data"]["positions"]) == {task["id"] for task in tasks}
    assert in_order(fold(before, event)) == after
    await ada.get(path(project, review), expect=404)

    empty = await add(ada, project, "Empty")
    await ada.delete(f"{path(project, empty)}?move_to={doing['id']}")
    assert (await ada.all_events(project))[-1]["data"] == {"column": {"id": empty["id"]}}


async def test_a_task_in_the_trash_outlives_its_column(ada: Person, project: Project) -> None:
    """It comes back at the end of the first column of its status."""
    doing, done = (await columns_of(ada, project))[1:]
    first = await ada.create_task(project, "first", column_id=doing["id"])
    review = await add(ada, project, "Review")
    tasks = [await ada.create_task(project, title, column_id=review["id"]) for title in "abc"]
    for task in tasks[1:]:
        await ada.delete(f"{project.path}/tasks/{task['id']}")
    await ada.delete(f"{path(project, review)}?move_to={done['id']}")
    positions = (await ada.all_events(project))[-1]["data"]["positions"]
    assert set(positions) == {tasks[0]["id"]}
    for task in reversed(tasks[1:]):
        restored = await ada.post(f"{project.path}/tasks/{task['id']}/restore", expect=200)
        assert (restored["column_id"], restored["status"]) == (doing["id"], "in_progress")
    assert await titles(ada, project, doing) == ["first", "b", "c"]
    assert (await ada.get(f"{project.path}/tasks/{first['id']}")) == first

    # A column whose tasks are all in the trash is empty.
    empty = await add(ada, project, "Empty")
    task = await ada.create_task(project, "d", column_id=empty["id"])
    await ada.delete(f"{project.path}/tasks/{task['id']}")
    await ada.delete(path(project, empty))
    assert (await ada.all_events(project))[-1]["data"] == {"column": {"id": empty["id"]}}
    await ada.post(f"{project.path}/tasks/{task['id']}/restore", expect=200)
    assert await titles(ada, project, doing) == ["first", "b", "c", "d"]


async def test_too_many_tasks_leave_a_column_by_other_ways(
    ada: Person, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_MOVED", 2)
    doing, done = (await columns_of(ada, project))[1:]
    review = await add(ada, project, "Review")
    for _ in range(3):
        await ada.create_task(project, column_id=review["id"])
    before = await ada.snapshot(project)
    await ada.delete(f"{path(project, review)}?move_to={done['id']}", expect=409)
    assert await ada.snapshot(project) == before
    assert await titles(ada, project, doing) == []


async def test_viewers_read_and_strangers_see_nothing(api: Api, ada: Person, project: Project) -> None:
    vic, bob, eve = await api.register("vic"), await api.register("bob"), await api.register("eve")
    await ada.add_member(project, vic, "viewer")
    await ada.add_member(project, bob, "editor")
    review = await add(bob, project, "Review")
    assert await columns_of(vic, project) == await columns_of(bob, project)
    assert await vic.get(path(project, review)) == review
    for person, status in ((vic, 403), (eve, 404)):
        await person.post(f"{project.path}/columns", {"name": "x", "category": "todo"}, expect=status)
        await person.patch(path(project, review), {"name": "x"}, expect=status)
        await person.delete(path(project, review), expect=status)
    await eve.get(f"{project.path}/columns", expect=404)
    await eve.get(path(project, review), expect=404)
    # A column of another project is none of this one's.
    other = await eve.create_project()
    await eve.patch(path(other, review), {"name": "x"}, expect=404)
    await eve.post(f"{other.path}/tasks", {"title": "x", "column_id": review["id"]}, expect=422)
    assert await ada.get(path(project, review)) == review


async def test_an_archived_project_keeps_its_columns(ada: Person, project: Project) -> None:
    review = await add(ada, project, "Review")
    await ada.patch(project.path, {"status": "archived"})
    before = await ada.snapshot(project)
    await ada.post(f"{project.path}/columns", {"name": "x", "category": "todo"}, expect=409)
    await ada.patch(path(project, review), {"name": "x"}, expect=409)
    await ada.delete(path(project, review), expect=409)
    assert await ada.snapshot(project) == before


async def test_if_match_guards_columns(ada: Person, project: Project) -> None:
    review = await add(ada, project, "Review")
    await ada.patch(path(project, review), {"name": "Check"}, If_Match='"1"')
    for method, body in (("PATCH", {"name": "x"}), ("PATCH", {"name": "Check"}), ("DELETE", None)):
        stale = await ada.request(method, path(project, review), json=body, If_Match='"1"')
        assert (stale.status_code, stale.json()["code"], stale.headers["ETag"]) == (412, "PRECONDITION_FAILED", '"2"')
        assert stale.json()["details"] == [await ada.get(path(project, review))]
    await ada.delete(path(project, review), If_Match='"2"')


async def test_a_repeated_post_makes_one_column(ada: Person, project: Project) -> None:
    body = {"name": "Review", "category": "done"}
    asked = [ada.request("POST", f"{project.path}/columns", json=body, Idempotency_Key="k") for _ in range(6)]
    answers = await at_once(asked)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len(await columns_of(ada, project)) == 4


async def test_columns_come_in_pages(ada: Person, project: Project) -> None:
    first = await ada.request("GET", f"{project.path}/columns?limit=2")
    assert [column["name"] for column in first.json()] == ["To do", "In progress"]
    rest = await ada.http.get(
        str(first.url.join(first.links["next"]["url"])), headers={"Authorization": f"Bearer {ada.token}"}
    )
    assert [column["name"] for column in rest.json()] == ["Done"]


async def test_numbers_count_the_tasks_and_are_never_given_again(ada: Person, project: Project) -> None:
    answers = await at_once([ada.request("POST", f"{project.path}/tasks", json={"title": "x"}) for _ in range(30)])
    assert sorted(answer.json()["number"] for answer in answers) == list(range(1, 31))
    by_event = [event["data"]["task"]["number"] for event in await ada.events(project, after=1)]
    assert by_event == list(range(1, 31))
    newest = next(answer.json() for answer in answers if answer.json()["number"] == 30)
    await ada.delete(f"{project.path}/tasks/{newest['id']}")
    await ada.post(f"{project.path}/tasks", {"title": "x", "column_id": NOBODY}, expect=422)
    again = await ada.create_task(project)
    assert again["number"] == 31
    assert await ada.get(f"{project.path}/tasks?number=31") == [again]
    assert (await ada.create_task(await ada.create_project("Sun")))["number"] == 1


async def test_a_key_is_given_and_changed(api: Api, ada: Person) -> None:
    made = await ada.post("/projects", {"name": "Moon landing", "key": "moon"})
    assert made["key"] == "MOON"
    project = Project(made["id"])
    bob = await api.register("bob")
    await ada.add_member(project, bob)
    changed = await bob.patch(project.path, {"key": "luna"})
    assert (changed["key"], changed["version"]) == ("LUNA", 2)
    assert (await bob.patch(project.path, {"key": "LUNA"}))["version"] == 2
    (event,) = await ada.events(project, after=2)
    assert (event["type"], event["data"]["changed"], event["data"]["previous"]) == (
        "project.updated",
        ["key"],
        {"key": "MOON"},
    )


async def test_everything_at_once_keeps_every_task_in_a_column_of_its_status(ada: Person, project: Project) -> None:
    """Columns come, change and go while tasks move into them; readers of the events see what the server has."""
    rng = random.Random(11)
    todo, doing, done = await columns_of(ada, project)
    extra = [await add(ada, project, f"Extra {number}") for number in range(4)]
    tasks = [await ada.create_task(project, str(number), column_id=rng.choice(extra)["id"]) for number in range(12)]
    before = await ada.snapshot(project)
    asked = [
        ada.request("DELETE", f"{path(project, column)}?move_to={rng.choice([todo, done])['id']}")
        for column in extra[:3]
    ]
    asked.append(ada.request("PATCH", path(project, extra[3]), json={"category": "done"}))
    asked.append(ada.request("PATCH", path(project, extra[3]), json={"before": todo["id"]}))
    asked += [
        ada.request("POST", f"{project.path}/tasks", json={"title": "n", "column_id": each["id"]}) for each in extra
    ]
    for _ in range(40):
        task, beside = rng.sample(tasks, 2)
        goal: Json = rng.choice(
            [
                {"column_id": rng.choice([*extra, doing])["id"]},
                {"status": rng.choice(["todo", "in_progress", "done"])},
                {rng.choice(["before", "after"]): beside["id"], "status": rng.choice(["todo", "in_progress", "done"])},
            ]
        )
        asked.append(ada.request("PATCH", f"{project.path}/tasks/{task['id']}", json=goal))
    rng.shuffle(asked)
    answers = await at_once(asked)
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {200, 201, 204, 409, 422}, statuses
    assert statuses[204] == 3

    after = await ada.snapshot(project)
    categories = {column["id"]: column["category"] for column in after["columns"]}
    assert len(categories) == 4
    for task in after["tasks"]:
        assert task["status"] == categories[task["column_id"]]
    for first, second in pairwise(after["tasks"]):
        if first["column_id"] == second["column_id"]:
            assert first["position"] < second["position"]
    numbers = [task["number"] for task in after["tasks"]]
    assert len(set(numbers)) == len(numbers)
    state = before
    for event in await ada.all_events(project, after=before["stream"]["offset"]):
        state = fold(state, event)
    assert in_order(state) == after
