import asyncio
import random
from itertools import pairwise
from typing import Any

import httpx
import pytest

from roomful.ids import new_id
from roomful.settings import Settings
from roomful.tasks import positions
from tests.support.api import Api, Json, Person, Project, next_page


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """On a busy machine the last of fifty writers of one project waits more than 5 s for a connection."""
    return settings.model_copy(update={"database_pool_timeout": 60.0, "database_statement_timeout": 60.0})


@pytest.fixture
async def ada(api: Api) -> Person:
    return await api.register("ada")


@pytest.fixture
async def project(ada: Person) -> Project:
    return await ada.create_project()


def path(project: Project, task: Json) -> str:
    return f"{project.path}/tasks/{task['id']}"


async def column(ada: Person, project: Project, status: str = "todo") -> list[str]:
    """The titles of one status, in order."""
    return [task["title"] for task in await ada.get(f"{project.path}/tasks?status={status}&limit=200")]


async def test_a_new_task_is_last(ada: Person, project: Project) -> None:
    body = {
        "title": "Order fuel",
        "description": "Kerosene, liquid oxygen",
        "status": "in_progress",
        "assignee_id": ada.id,
        "due_on": "2026-07-16",
        "labels": ["launch", "urgent", "launch"],
    }
    answer = await ada.request("POST", f"{project.path}/tasks", json=body, X_Client_Mutation_ID="m 1")
    task = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"tasks/{task['id']}"
    assert answer.url.join(answer.headers["Location"]).path == f"/api/v1{path(project, task)}"
    assert answer.headers["ETag"] == '"1"'
    assert task == body | {
        "labels": ["launch", "urgent"],
        "id": task["id"],
        "column_id": (await ada.get(f"{project.path}/columns"))[1]["id"],
        "number": 1,
        "position": "a0",
        "comment_count": 0,
        "document_id": None,
        "description_offset": None,
        "version": 1,
        "created_by": ada.id,
        "created_at": task["created_at"],
        "updated_at": task["created_at"],
    }
    assert (await ada.request("GET", path(project, task))).content == answer.content
    (event,) = await ada.events(project, after=1)
    told = {"task": task, "new_labels": await ada.get(f"{project.path}/labels")}
    assert (event["type"], event["mutation_id"], event["data"]) == ("task.created", "m 1", told)
    assert (await ada.create_task(project, status="in_progress"))["position"] > task["position"]
    plain = await ada.create_task(project)
    assert (plain["status"], plain["description"], plain["labels"], plain["due_on"]) == ("todo", None, [], None)


BAD_FIELDS: list[Json] = [
    {"title": ""},
    {"title": " "},
    {"title": "x" * 201},
    {"title": 1},
    {"title": None},
    {"title": "a\x00b"},
    {"description": "x" * 10_001},
    {"description": ["x"]},
    {"status": "gone"},
    {"status": None},
    {"due_on": "tomorrow"},
    {"due_on": "2026-02-30"},
    {"due_on": 1},
    {"due_on": "0202-07-16"},
    {"due_on": "1899-12-31"},
    {"due_on": "2026-07-16T00:00:00Z"},
    {"labels": "x"},
    {"labels": [""]},
    {"labels": ["x" * 51]},
    {"labels": [str(number) for number in range(21)]},
    {"labels": [None]},
    {"labels": None},
    {"assignee_id": "x"},
    {"assignee_id": "019a7f5e-0000-7000-8000-000000000000"},
    {"id": "x"},
    {"project_id": "x"},
    {"position": "a0"},
    {"number": 1},
    {"column_id": "x"},
    {"column_id": "019a7f5e-0000-7000-8000-000000000000"},
    {"column_id": 1},
    {"version": 2},
    {"created_by": "x"},
    {"created_at": "2026-07-16T13:32:00Z"},
    {"__class__": "x"},
]


async def test_a_bad_field_is_refused_and_leaves_no_trace(ada: Person, project: Project) -> None:
    task = await ada.create_task(project)
    before = await ada.snapshot(project)
    for fields in BAD_FIELDS:
        for method, where, body in (
            ("POST", f"{project.path}/tasks", {"title": "x"} | fields),
            ("PATCH", path(project, task), fields),
        ):
            refused = await ada.request(method, where, json=body)
            assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION"), body
            assert refused.json()["details"], body
    assert await ada.snapshot(project) == before


NO_JSON = (
    b"{",
    b'{"title": NaN}',
    b'{"title": "x", "labels": [1e999]}',
    b'{"title": "\\ud800"}',
    b"\xff",
    b"[" * 5000,
    b'{"title": ' + b"9" * 5000 + b"}",
)


async def test_invalid_json_is_refused(ada: Person, project: Project) -> None:
    headers = {"Authorization": f"Bearer {ada.token}", "Content-Type": "application/json"}
    for raw in NO_JSON:
        refused = await ada.http.post(f"/api/v1{project.path}/tasks", content=raw, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION"), raw[:20]
    assert (await ada.get(project.path))["task_count"] == 0


async def test_a_change_makes_one_event_and_no_change_none(ada: Person, project: Project) -> None:
    task = await ada.create_task(project, labels=["a"])
    fields = {"title": "Land", "labels": ["b", "b"], "due_on": "2026-07-20", "description": "Gently"}
    changed = await ada.change_task(project, task, **fields)
    assert (changed["version"], changed["labels"], changed["position"]) == (2, ["b"], task["position"])
    assert await ada.change_task(project, task, **fields) == changed
    assert await ada.change_task(project, task) == changed
    assert await ada.change_task(project, task, status="todo", before=task["id"]) == changed
    cleared = await ada.change_task(project, task, description=None, due_on=None, assignee_id=None)
    assert (cleared["description"], cleared["due_on"], cleared["version"]) == (None, None, 3)
    events = await ada.events(project, after=2)
    assert [(event["type"], event["data"]["changed"]) for event in events] == [
        ("task.updated", ["title", "description", "due_on", "labels"]),
        ("task.updated", ["description", "due_on"]),
    ]
    assert [event["data"]["task"] for event in events] == [changed, cleared]
    assert (await ada.get(project.path))["version"] == 1


async def test_added_and_removed_labels_merge_with_those_of_others(ada: Person, project: Project) -> None:
    task = await ada.create_task(project, labels=["a", "b"])
    where = path(project, task)
    async with asyncio.TaskGroup() as both:
        both.create_task(ada.patch(where, {"labels_add": ["c", "a"], "labels_remove": ["b", "never there"]}))
        both.create_task(ada.patch(where, {"labels_add": ["d"]}))
    stored = await ada.get(where)
    assert (sorted(stored["labels"]), stored["version"]) == (["a", "c", "d"], 3)
    again = await ada.change_task(project, task, labels_add=["c"], labels_remove=["b"])
    assert again == stored
    assert await ada.change_task(project, task, labels_add=[], labels_remove=[]) == stored
    assert (await ada.change_task(project, task, labels_add=["e"], labels_remove=["e"])) == stored
    events = await ada.events(project, after=2)
    assert [event["data"]["changed"] for event in events] == [["labels"], ["labels"]]
    assert events[-1]["data"]["previous"]["labels"] == events[0]["data"]["task"]["labels"]


async def test_labels_that_do_not_fit_are_refused(api: Api, ada: Person, project: Project) -> None:
    vic = await api.register("vic")
    await ada.add_member(project, vic, "viewer")
    task = await ada.create_task(project, labels=[str(number) for number in range(19)])
    where, before = path(project, task), await ada.snapshot(project)
    bad: list[Json] = [
        {"labels_add": ["x", "y"]},
        {"labels_add": [""]},
        {"labels_add": ["x" * 51]},
        {"labels_add": None},
        {"labels_remove": [1]},
        {"labels_remove": ["x" * 51]},
        {"labels": ["x"], "labels_add": ["y"]},
        {"labels": [], "labels_remove": []},
    ]
    for body in bad:
        refused = await ada.request("PATCH", where, json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION"), body
        assert refused.json()["details"], body
    await ada.patch(where, {"labels_add": ["x"]}, expect=412, If_Match='"9"')
    await vic.patch(where, {"labels_add": ["x"]}, expect=403)
    assert await ada.snapshot(project) == before
    assert len((await ada.change_task(project, task, labels_add=["x", "y"], labels_remove=["1"]))["labels"]) == 20


async def test_tasks_move_within_and_between_columns(ada: Person, project: Project) -> None:
    a, b, c = [await ada.create_task(project, title) for title in "abc"]
    await ada.change_task(project, c, before=a["id"])
    assert await column(ada, project) == ["c", "a", "b"]
    await ada.change_task(project, c, after=a["id"])
    assert await column(ada, project) == ["a", "c", "b"]
    await ada.change_task(project, a, status="done")
    await ada.change_task(project, b, status="done", before=a["id"], title="B")
    await ada.change_task(project, c, status="done", after=b["id"])
    assert await column(ada, project, "done") == ["B", "c", "a"]
    assert await column(ada, project) == []
    newest = [(event["type"], event["data"]["changed"]) for event in await ada.events(project, after=6)]
    # In another column a moved task may get the position that it had.
    assert [(type_, set(changed) - {"position"}) for type_, changed in newest] == [
        ("task.moved", {"status", "column_id"}),
        ("task.moved", {"status", "column_id", "title"}),
        ("task.moved", {"status", "column_id"}),
    ]


async def test_a_new_task_goes_before_another_one(
    ada: Person, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await ada.create_task(project, "first")
    done = await ada.create_task(project, "done", status="done")
    gone = await ada.create_task(project, "gone")
    await ada.delete(path(project, gone))
    for title in "abc":
        await ada.create_task(project, title, before=first["id"])
    assert await column(ada, project) == ["a", "b", "c", "first"]

    before = await ada.snapshot(project)
    for place, status in (
        ({"before": done["id"]}, 409),
        ({"before": first["id"], "status": "done"}, 409),
        ({"before": gone["id"]}, 422),
        ({"before": new_id()}, 422),
        ({"before": 1}, 422),
    ):
        await ada.post(f"{project.path}/tasks", {"title": "Nowhere", **place}, expect=status)
    monkeypatch.setattr(positions, "MAX_POSITION_CHARS", 2)
    await ada.post(f"{project.path}/tasks", {"title": "No room", "before": first["id"]}, expect=409)
    assert await ada.snapshot(project) == before


async def test_a_move_to_the_same_place_makes_no_event(ada: Person, project: Project) -> None:
    a, b, c = [await ada.create_task(project, title) for title in "abc"]
    before = await ada.snapshot(project)
    for task, place in (
        (a, {"before": b["id"]}),
        (b, {"after": a["id"]}),
        (b, {"before": c["id"]}),
        (c, {"after": b["id"]}),
        (b, {"after": b["id"]}),
        (a, {"status": "todo"}),
    ):
        await ada.change_task(project, task, **place)
    assert await ada.snapshot(project) == before


async def test_a_missing_place_is_refused(ada: Person, project: Project) -> None:
    a, b = [await ada.create_task(project, title) for title in "ab"]
    done = await ada.create_task(project, "done", status="done")
    foreign = await ada.create_task(await ada.create_project("Other"), "foreign")
    before = await ada.snapshot(project)
    for place, status in (
        ({"before": b["id"], "after": b["id"]}, 422),
        ({"before": foreign["id"]}, 422),
        ({"after": new_id()}, 422),
        ({"after": "x"}, 422),
        ({"before": 1}, 422),
        ({"before": done["id"]}, 409),
        ({"status": "in_progress", "after": done["id"]}, 409),
        ({"status": "done", "after": b["id"]}, 409),
    ):
        await ada.patch(path(project, a), {"title": "Moved", **place}, expect=status)
    assert await ada.snapshot(project) == before


async def test_only_members_can_be_assigned(api: Api, ada: Person, project: Project) -> None:
    bob = await api.register("bob")
    task = await ada.create_task(project)
    await ada.patch(path(project, task), {"assignee_id": bob.id}, expect=422)
    await ada.add_member(project, bob, "viewer")
    assert (await ada.change_task(project, task, assignee_id=bob.id))["assignee_id"] == bob.id
    await ada.create_task(project, "mine", assignee_id=ada.id)
    found = await ada.get(f"{project.path}/tasks?assignee_id={bob.id}")
    assert [each["id"] for each in found] == [task["id"]]
    assert await ada.get(f"{project.path}/tasks?assignee_id=nobody&status=todo") == []


async def test_viewers_read_but_change_nothing(api: Api, ada: Person, project: Project) -> None:
    vic = await api.register("vic")
    await ada.add_member(project, vic, "viewer")
    task = await ada.create_task(project)
    assert await vic.get(path(project, task)) == task
    await vic.post(f"{project.path}/tasks", {"title": "x"}, expect=403)
    await vic.patch(path(project, task), {"title": "x"}, expect=403)
    await vic.delete(path(project, task), expect=403)


async def test_if_match_guards_tasks(ada: Person, project: Project) -> None:
    task = await ada.create_task(project)
    await ada.patch(path(project, task), {"title": "Land"}, If_Match='"1"')
    for method, body in (("PATCH", {"title": "x"}), ("PATCH", {"title": "Land"}), ("DELETE", None)):
        stale = await ada.request(method, path(project, task), json=body, If_Match='"1"')
        assert (stale.status_code, stale.json()["code"]) == (412, "PRECONDITION_FAILED")
        assert stale.json()["details"] == [await ada.get(path(project, task))]
        assert stale.headers["ETag"] == '"2"'
    await ada.delete(path(project, task), If_Match='"1", "2"')


async def test_one_of_two_changes_of_one_version_is_refused(ada: Person, project: Project) -> None:
    task = await ada.create_task(project)
    answers = await at_once(
        [ada.request("PATCH", path(project, task), json={"title": f"t{n}"}, If_Match='"1"') for n in range(8)]
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7


async def test_fifty_concurrent_creations_leave_no_gap(ada: Person, project: Project) -> None:
    answers = await at_once([ada.request("POST", f"{project.path}/tasks", json={"title": str(n)}) for n in range(50)])
    assert [answer.status_code for answer in answers] == [201] * 50
    events = await ada.events(project)
    assert [event["offset"] for event in events] == list(range(1, 52))
    tasks = await ada.get(f"{project.path}/tasks?limit=200")
    # Events are in the order of commits, and the board shows tasks in the order of events.
    assert tasks == [event["data"]["task"] for event in events[1:]]
    assert len({task["position"] for task in tasks}) == 50
    assert (await ada.get(project.path))["task_count"] == 50


async def test_moves_into_one_gap_at_once_get_different_positions(ada: Person, project: Project) -> None:
    tasks = [await ada.create_task(project, str(number)) for number in range(22)]
    answers = await at_once(
        [ada.request("PATCH", path(project, task), json={"after": tasks[0]["id"]}) for task in tasks[2:]]
    )
    assert {answer.status_code for answer in answers} == {200}
    titles = await column(ada, project)
    assert (titles[0], titles[-1]) == ("0", "1")
    newest_first = [event["data"]["task"]["title"] for event in await ada.events(project, after=23)][::-1]
    assert titles[1:-1] == newest_first
    assert_sound(await ada.get(f"{project.path}/tasks?limit=200"))


async def test_creating_deleting_and_moving_at_once_keep_the_count_and_the_order(
    ada: Person, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(positions, "MAX_POSITION_CHARS", 5)
    rng = random.Random(7)
    tasks = [await ada.create_task(project, str(number)) for number in range(12)]
    asked = [ada.request("POST", f"{project.path}/tasks", json={"title": "new"}) for _ in range(6)]
    asked += [ada.request("DELETE", path(project, task)) for task in tasks[:4] * 2]
    for _ in range(30):
        task, beside = rng.sample(tasks[4:], 2)
        place = {rng.choice(["before", "after"]): beside["id"], "status": rng.choice(["todo", "done"])}
        asked.append(ada.request("PATCH", path(project, task), json=place))
    rng.shuffle(asked)
    answers = await at_once(asked)
    assert {answer.status_code for answer in answers} <= {200, 201, 204, 404, 409}
    snapshot = await ada.snapshot(project)
    assert snapshot["project"]["task_count"] == len(snapshot["tasks"]) == 12 - 4 + 6
    assert_sound(snapshot["tasks"])
    offsets = [event["offset"] for event in await ada.all_events(project)]
    assert offsets == list(range(1, snapshot["stream"]["offset"] + 1))


async def test_every_page_has_its_tasks_once_while_others_come_and_go(ada: Person, project: Project) -> None:
    tasks = [
        await ada.create_task(project, str(number), status="todo" if number < 13 else "done") for number in range(25)
    ]
    seen: list[str] = []
    page = await ada.request("GET", f"{project.path}/tasks?limit=7")
    for turn in range(4):
        seen += [task["title"] for task in page.json()]
        path_of_next = next_page(page)
        assert (path_of_next is not None) == (turn < 3)
        if path_of_next is not None:
            # A listed task goes, and so does the cursor's last one; others come before it.
            await ada.delete(path(project, next(task for task in tasks if task["title"] == seen[-1])))
            new = await ada.create_task(project, f"new {turn}", status="in_progress")
            await ada.change_task(project, new, status="todo", before=tasks[0]["id"])
            page = await ada.request("GET", path_of_next)
    assert seen == [str(number) for number in range(25)]


async def test_a_cursor_belongs_to_its_list(ada: Person, project: Project) -> None:
    other = await ada.create_project("Other")
    for _ in range(3):
        await ada.create_task(project)
    link = (await ada.request("GET", f"{project.path}/tasks?limit=1")).links["next"]["url"]
    cursor = httpx.URL(link).params["cursor"]
    for where in (
        f"{other.path}/tasks?cursor={cursor}",
        f"{project.path}/tasks?status=todo&cursor={cursor}",
        f"{project.path}/tasks?cursor={cursor[:-1]}",
        f"{project.path}/tasks?cursor={'A' + cursor[1:] if cursor[0] != 'A' else 'B' + cursor[1:]}",
        f"{project.path}/tasks?cursor={'x' * 10_000}",
    ):
        refused = await ada.request("GET", where)
        assert (refused.status_code, refused.json()["code"]) == (400, "BAD_REQUEST"), where
    for limit in ("0", "-1", "201", "1e9", "999999999999999999999", "x"):
        assert (await ada.request("GET", f"{project.path}/tasks?limit={limit}")).status_code == 422


async def test_a_repeated_post_makes_one_task(api: Api, ada: Person, project: Project) -> None:
    body = {"title": "Once"}
    answers = await at_once(
        [ada.request("POST", f"{project.path}/tasks", json=body, Idempotency_Key="k") for _ in range(10)]
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert (await ada.get(project.path))["task_count"] == 1
    assert len(await ada.events(project)) == 2

    other = await ada.request("POST", f"{project.path}/tasks", json={"title": "Other"}, Idempotency_Key="k")
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    bob = await api.register("bob")
    await ada.add_member(project, bob)
    await bob.post(f"{project.path}/tasks", body, Idempotency_Key="k")
    assert (await ada.get(project.path))["task_count"] == 2


async def at_once(asked: list[Any]) -> list[httpx.Response]:
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(each) for each in asked]
    return [each.result() for each in running]


def assert_sound(tasks: list[Json]) -> None:
    """No two tasks of a status share a position, and the list is in order."""
    for first, second in pairwise(tasks):
        if first["status"] == second["status"]:
            assert first["position"] < second["position"]
