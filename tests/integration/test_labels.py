"""Labels of a project, and what becomes of the tasks that have them."""

import asyncio
import itertools

import pytest
from sqlalchemy import update

from roomful.projects.label_names import COLOURS
from roomful.runtime import Runtime
from roomful.tasks.models import TASK
from tests.support.api import Api, Json, Person, Project
from tests.support.fold import fold, in_order

NOBODY = "019a7f5e-0000-7000-8000-000000000000"


@pytest.fixture
async def ada(api: Api) -> Person:
    return await api.register("ada")


@pytest.fixture
async def project(ada: Person) -> Project:
    return await ada.create_project("Moon")


async def add(person: Person, project: Project, name: str, **fields: object) -> Json:
    added: Json = await person.post(f"{project.path}/labels", {"name": name, **fields})
    return added


async def labels_of(person: Person, project: Project) -> list[Json]:
    found: list[Json] = await person.get(f"{project.path}/labels")
    return found


async def names(person: Person, project: Project) -> list[str]:
    return [label["name"] for label in await labels_of(person, project)]


async def worn(person: Person, project: Project) -> dict[str, list[str]]:
    """The labels of each task, by its title."""
    return {task["title"]: task["labels"] for task in await person.get(f"{project.path}/tasks?limit=200")}


def path(project: Project, label: Json) -> str:
    return f"{project.path}/labels/{label['id']}"


async def test_a_label_is_made_and_listed_by_name(ada: Person, project: Project) -> None:
    body = {"name": "urgent", "color": "red"}
    answer = await ada.request("POST", f"{project.path}/labels", json=body, X_Client_Mutation_ID="m 1")
    label = answer.json()
    assert answer.status_code == 201
    assert answer.url.join(answer.headers["Location"]).path == f"/api/v1{path(project, label)}"
    assert answer.headers["ETag"] == '"1"'
    assert label | body == label
    assert set(label) == {"id", "name", "color", "version", "created_at", "updated_at"}
    shown = await ada.request("GET", path(project, label))
    assert (shown.json(), shown.headers["ETag"]) == (label, '"1"')
    (event,) = await ada.events(project, after=1)
    assert (event["type"], event["mutation_id"], event["data"]) == ("label.created", "m 1", {"label": label})
    for name in ("Änderung", "Zoo", "a", "B"):
        await add(ada, project, name)
    assert await names(ada, project) == ["a", "B", "urgent", "Zoo", "Änderung"]
    assert (await ada.snapshot(project))["labels"] == await labels_of(ada, project)
    first = await ada.request("GET", f"{project.path}/labels?limit=2")
    assert [label["name"] for label in first.json()] == ["a", "B"]
    assert 'rel="next"' in first.headers["Link"]


async def test_new_labels_get_different_colours(ada: Person, project: Project) -> None:
    made = [await add(ada, project, str(number)) for number in range(4)]
    await ada.create_task(project, labels=[str(number) for number in range(4, len(COLOURS))])
    assert {label["color"] for label in await labels_of(ada, project)} == set(COLOURS)
    await ada.delete(path(project, made[2]))
    assert (await add(ada, project, "again"))["color"] == made[2]["color"]


BAD_FIELDS: list[Json] = [
    {"name": ""},
    {"name": " "},
    {"name": "x" * 51},
    {"name": None},
    {"name": 1},
    {"name": "a\x00b"},
    {"name": "a\u202eb"},
    {"color": "mauve"},
    {"color": "#ff0000"},
    {"color": "blue\n"},
    {"color": 1},
    {"id": "x"},
    {"key": "x"},
    {"version": 2},
    {"project_id": "x"},
]


async def test_a_bad_field_is_refused_and_leaves_no_trace(ada: Person, project: Project) -> None:
    label = await add(ada, project, "urgent")
    before = await ada.snapshot(project)
    for fields in BAD_FIELDS:
        for method, where, body in (
            ("POST", f"{project.path}/labels", {"name": "x"} | fields),
            ("PATCH", path(project, label), fields),
        ):
            refused = await ada.request(method, where, json=body)
            assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION"), body
    await ada.patch(path(project, label), {"color": None}, expect=422)
    await ada.post(f"{project.path}/labels", {"color": "red"}, expect=422)
    for method, body in (("GET", {}), ("PATCH", {"name": "x"}), ("DELETE", {})):
        for id_ in (NOBODY, "x"):
            assert (await ada.request(method, f"{project.path}/labels/{id_}", json=body or None)).status_code == 404
    other = await ada.create_project("Mars")
    await ada.patch(path(other, label), {"name": "x"}, expect=404)
    assert await ada.snapshot(project) == before


async def test_names_are_the_same_in_any_case(ada: Person, project: Project) -> None:
    label = await add(ada, project, "Größe")
    other = await add(ada, project, "urgent")
    for twin in ("größe", "GRÖSSE", "Gro\u0308ße", "  größe "):
        refused = await ada.post(f"{project.path}/labels", {"name": twin}, expect=409)
        assert (refused["code"], refused["error"]) == ("CONFLICT", "The project already has a label “Größe”.")
        await ada.patch(path(project, other), {"name": twin, "color": "red"}, expect=409)
    assert await labels_of(ada, project) == [label, other]
    task = await ada.create_task(project, labels=["GRÖSSE", "URGENT", "größe", "new"])
    assert task["labels"] == ["Größe", "urgent", "new"]
    changed = await ada.change_task(project, task, labels_add=["New", "more"], labels_remove=["Urgent"])
    assert changed["labels"] == ["Größe", "new", "more"]
    assert await ada.change_task(project, task, labels=["größe", "NEW", "More"]) == changed
    assert await names(ada, project) == ["Größe", "more", "new", "urgent"]
    renamed = await ada.patch(path(project, label), {"name": "GRÖSSE"})  # its own
    assert renamed["version"] == 2
    assert (await worn(ada, project))["Fly"] == ["GRÖSSE", "new", "more"]


async def test_labels_of_a_task_become_the_projects(ada: Person, project: Project) -> None:
    await add(ada, project, "known")
    task = await ada.create_task(project, labels=["known", "b", "a"])
    moved = await ada.change_task(project, task, status="done", labels_add=["c"])
    await ada.change_task(project, task, labels=["a", "d"], title="Land")
    await ada.change_task(project, task, labels_add=["e"], labels_remove=["E"])
    await ada.change_task(project, task, labels_remove=["d"])
    await ada.patch(f"{project.path}/tasks/{task['id']}", {"labels_add": ["f"], "assignee_id": NOBODY}, expect=422)
    events = await ada.events(project, after=2)
    told = [(event["type"], [label["name"] for label in event["data"].get("new_labels", [])]) for event in events]
    assert told == [("task.created", ["b", "a"]), ("task.moved", ["c"]), ("task.updated", ["d"]), ("task.updated", [])]
    assert moved["version"] == 2
    labels = await labels_of(ada, project)
    assert [label["name"] for label in labels] == ["a", "b", "c", "d", "known"]
    assert events[0]["data"]["new_labels"] == [labels[1], labels[0]]


async def test_a_rename_reaches_all_tasks_by_one_event(ada: Person, project: Project) -> None:
    tasks = [
        await ada.create_task(project, title, labels=labels)
        for title, labels in {"one": ["a", "old", "b"], "two": ["old"], "three": ["older"], "trashed": ["old"]}.items()
    ]
    await ada.delete(f"{project.path}/tasks/{tasks[3]['id']}")
    label = next(each for each in await labels_of(ada, project) if each["name"] == "old")
    before = await ada.snapshot(project)
    assert await ada.patch(path(project, label), {"name": "old", "color": label["color"]}) == label
    renamed = await ada.patch(path(project, label), {"name": 'n"e\\w', "color": "pink"}, If_Match='"1"')
    assert (renamed["name"], renamed["color"], renamed["version"]) == ('n"e\\w', "pink", 2)
    await ada.patch(path(project, label), {"name": "late"}, expect=412, If_Match='"1"')
    (event,) = await ada.events(project, after=before["stream"]["offset"])
    assert (event["type"], event["data"]) == (
        "label.updated",
        {"label": renamed, "changed": ["name", "color"], "previous": {"name": "old", "color": label["color"]}},
    )
    assert await worn(ada, project) == {"one": ["a", 'n"e\\w', "b"], "two": ['n"e\\w'], "three": ["older"]}
    after = await ada.snapshot(project)
    assert in_order(fold(before, event)) == after
    assert [task["version"] for task in after["tasks"]] == [1, 1, 1]
    restored = await ada.post(f"{project.path}/tasks/{tasks[3]['id']}/restore", expect=200)
    assert restored["labels"] == ['n"e\\w']


async def test_a_deleted_label_is_taken_off_all_tasks(ada: Person, project: Project) -> None:
    other_project = await ada.create_project("Mars")
    await ada.create_task(other_project, labels=["old"])
    trashed = await ada.create_task(project, "trashed", labels=["old", "kept"])
    await ada.delete(f"{project.path}/tasks/{trashed['id']}")
    await ada.create_task(project, "one", labels=["a", "old", "b"])
    await ada.create_task(project, "two", labels=["old"])
    label = next(each for each in await labels_of(ada, project) if each["name"] == "old")
    before = await ada.snapshot(project)
    await ada.delete(path(project, label), expect=412, If_Match='"9"')
    await ada.delete(path(project, label))
    await ada.delete(path(project, label), expect=404)
    (event,) = await ada.events(project, after=before["stream"]["offset"])
    assert (event["type"], event["data"]) == ("label.deleted", {"label": {"id": label["id"]}})
    assert await worn(ada, project) == {"one": ["a", "b"], "two": []}
    assert in_order(fold(before, event)) == await ada.snapshot(project)
    assert (await ada.get(f"{project.path}/tasks?deleted=true"))[0]["labels"] == ["kept"]
    assert await worn(ada, other_project) == {"Fly": ["old"]}


async def test_editors_manage_labels_and_viewers_read_them(api: Api, ada: Person, project: Project) -> None:
    bob, vic, eve = await api.register("bob"), await api.register("vic"), await api.register("eve")
    await ada.add_member(project, bob)
    await ada.add_member(project, vic, "viewer")
    label = await add(bob, project, "urgent")
    assert await labels_of(vic, project) == [label]
    for person, refused in ((vic, 403), (eve, 404)):
        await person.post(f"{project.path}/labels", {"name": "x"}, expect=refused)
        await person.patch(path(project, label), {"name": "x"}, expect=refused)
        await person.delete(path(project, label), expect=refused)
    await eve.get(f"{project.path}/labels", expect=404)
    await eve.get(path(project, label), expect=404)
    await ada.patch(project.path, {"status": "archived"})
    await bob.post(f"{project.path}/labels", {"name": "x"}, expect=409)
    await bob.patch(path(project, label), {"name": "x"}, expect=409)
    await bob.delete(path(project, label), expect=409)
    assert await labels_of(vic, project) == [label]


async def test_a_label_that_only_an_older_node_has_given_stays(ada: Person, project: Project, runtime: Runtime) -> None:
    """Nodes of the version before write names of labels into tasks, and nothing else."""
    task = await ada.create_task(project, labels=["urgent"])
    async with runtime.transaction() as session:
        await session.execute(update(TASK).where(TASK.c.id == task["id"]).values(labels=["stray", "urgent"]))
    [urgent] = await labels_of(ada, project)
    assert (await ada.change_task(project, task, title="Land"))["labels"] == ["stray", "urgent"]
    assert (await ada.change_task(project, task, labels_add=["Stray"]))["version"] == 2  # changes nothing
    await ada.patch(path(project, urgent), {"name": "critical"})
    assert await worn(ada, project) == {"Land": ["stray", "critical"]}
    before = await ada.snapshot(project)
    await ada.patch(path(project, urgent), {"name": "stray"})  # nobody could know
    assert await worn(ada, project) == {"Land": ["stray"]}
    (event,) = await ada.events(project, after=before["stream"]["offset"])
    assert in_order(fold(before, event)) == await ada.snapshot(project)


async def test_people_who_name_the_same_new_label_at_once_make_one(api: Api, ada: Person, project: Project) -> None:
    bob = await api.register("bob")
    await ada.add_member(project, bob)
    tasks = [await ada.create_task(project, str(number)) for number in range(6)]
    before = await ada.snapshot(project)
    spellings = itertools.cycle(["urgent", "Urgent", "URGENT"])
    async with asyncio.TaskGroup() as group:
        for task, spelling in zip(tasks, spellings, strict=False):
            person = bob if task is tasks[0] else ada
            group.create_task(person.change_task(project, task, labels_add=[spelling]))
        answer = group.create_task(ada.request("POST", f"{project.path}/labels", json={"name": "uRGENT"}))
    assert answer.result().status_code in (201, 409)
    [label] = await labels_of(ada, project)
    assert set(map(tuple, (await worn(ada, project)).values())) == {(label["name"],)}
    state = before
    for event in await ada.all_events(project, after=before["stream"]["offset"]):
        state = fold(state, event)
    assert in_order(state) == await ada.snapshot(project)


async def test_a_rename_and_a_deletion_meet_changes_of_tasks(ada: Person, project: Project) -> None:
    """Whatever comes first: what subscribers fold is what the server has."""
    tasks = [await ada.create_task(project, str(number), labels=["a", "b"]) for number in range(8)]
    a, b = await labels_of(ada, project)
    before = await ada.snapshot(project)
    async with asyncio.TaskGroup() as group:
        for number, task in enumerate(tasks):
            change = {"labels_add": ["b", str(number)], "labels_remove": ["a"]} if number % 2 else {"labels_add": ["c"]}
            group.create_task(ada.patch(f"{project.path}/tasks/{task['id']}", change))
            if number == 3:
                group.create_task(ada.patch(path(project, a), {"name": "renamed"}))
                group.create_task(ada.delete(path(project, b)))
    state = before
    for event in await ada.all_events(project, after=before["stream"]["offset"]):
        state = fold(state, event)
    after = await ada.snapshot(project)
    assert in_order(state) == after
    known = {label["name"] for label in after["labels"]}
    assert all(set(task["labels"]) <= known for task in after["tasks"])
