"""The trash of tasks, and a task's history."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update

from roomful.db.base import now
from roomful.eventlog.models import EVENT
from roomful.retention import purge_expired
from roomful.runtime import Runtime
from roomful.settings import Settings
from roomful.tasks import positions, trash
from roomful.tasks.models import TASK
from tests.conftest import settings_for
from tests.support.api import Api, Json, Person, Project, next_page

NOWHERE = "019a7f5e-0000-7000-8000-000000000000"


@pytest.fixture
def settings(database_url: str) -> Settings:
    return settings_for(database_url).model_copy(update={"max_tasks_per_project": 8})


def path(project: Project, task: Json) -> str:
    return f"{project.path}/tasks/{task['id']}"


async def trashed(person: Person, project: Project) -> list[str]:
    return [task["title"] for task in await person.get(f"{project.path}/tasks?deleted=true")]


async def titles(person: Person, project: Project) -> list[str]:
    return [task["title"] for task in await person.get(f"{project.path}/tasks")]


async def history(person: Person, project: Project, task: Json, query: str = "") -> list[Json]:
    found: list[Json] = await person.get(f"{path(project, task)}/events{query}")
    return found


async def test_a_deleted_task_is_in_the_trash_only(ada: Person, project: Project) -> None:
    task, other = await ada.create_task(project, "Fly"), await ada.create_task(project, "Land")
    await ada.delete(path(project, task), If_Match='"1"')
    for method, tail, body in (
        ("GET", "", None),
        ("PATCH", "", {"title": "x"}),
        ("DELETE", "", None),
        ("GET", "/events", None),
    ):
        assert (await ada.request(method, path(project, task) + tail, json=body)).status_code == 404
    for place in ({"before": task["id"]}, {"after": task["id"]}):
        await ada.patch(path(project, other), place, expect=422)
    assert await titles(ada, project) == ["Land"]
    snapshot = await ada.snapshot(project)
    assert ([each["id"] for each in snapshot["tasks"]], snapshot["project"]["task_count"]) == ([other["id"]], 1)
    (found,) = await ada.get(f"{project.path}/tasks?deleted=true")
    assert found == task | {"deleted_at": found["deleted_at"]}
    (event,) = await ada.events(project, after=3)
    assert (event["type"], event["data"]) == ("task.deleted", {"task": {"id": task["id"]}})


async def test_a_restored_task_is_where_it_was(ada: Person, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was put into its place meanwhile, and however little room there was."""
    monkeypatch.setattr(positions, "MAX_POSITION_CHARS", 4)
    first, task, last = [await ada.create_task(project, title) for title in ("First", "Fly", "Last")]
    await ada.delete(path(project, task))
    for place in ({"after": first["id"]}, {"before": last["id"]}) * 3:
        new = await ada.create_task(project, "New", status="done")
        await ada.change_task(project, new, status="todo", **place)
        await ada.delete(path(project, new))
    back = await ada.request("POST", f"{path(project, task)}/restore", X_Client_Mutation_ID="m 1")
    assert (back.status_code, back.headers["ETag"]) == (200, '"2"')
    restored = back.json()
    assert restored == task | {
        "version": 2,
        "updated_at": restored["updated_at"],
        "position": restored["position"],
    }
    assert await titles(ada, project) == ["First", "Fly", "Last"]
    assert (await ada.get(project.path))["task_count"] == 3
    assert await ada.get(path(project, task)) == restored
    event = (await ada.all_events(project))[-1]
    assert (event["type"], event["data"], event["mutation_id"]) == ("task.restored", {"task": restored}, "m 1")
    again = await ada.request("POST", f"{path(project, task)}/restore")
    assert (again.status_code, again.json()["code"]) == (409, "CONFLICT")


async def test_a_place_is_given_once_also_beside_the_trash(ada: Person, project: Project) -> None:
    a, b, c, d = [await ada.create_task(project, title) for title in "abcd"]
    await ada.delete(path(project, b))
    await ada.change_task(project, d, before=c["id"])  # into the gap where b was
    await ada.delete(path(project, c))
    e = await ada.create_task(project, "e")
    for task in (b, c):
        await ada.post(f"{path(project, task)}/restore", expect=200)
    tasks = await ada.get(f"{project.path}/tasks")
    assert len({task["position"] for task in tasks}) == 5
    assert [task["title"] for task in tasks if task["title"] != "d"] == ["a", "b", "c", "e"]
    assert [tasks[0]["id"], tasks[-1]["id"]] == [a["id"], e["id"]]


async def test_the_last_deleted_comes_first_page_by_page(ada: Person, project: Project) -> None:
    for number in range(5):
        await ada.delete(path(project, await ada.create_task(project, str(number))))
    seen: list[str] = []
    where: str | None = f"{project.path}/tasks?deleted=true&limit=2"
    while where is not None:
        page = await ada.request("GET", where)
        seen += [task["title"] for task in page.json()]
        where = next_page(page)
    assert seen == ["4", "3", "2", "1", "0"]
    assert await ada.get(f"{project.path}/tasks?deleted=true&status=done") == []


@pytest.mark.parametrize(
    ("role", "read", "write", "own"),
    [("owner", 200, 200, 204), ("editor", 200, 200, 403), ("viewer", 200, 403, 403), (None, 404, 404, 404)],
)
async def test_what_a_role_may_do(
    api: Api, ada: Person, project: Project, role: str | None, read: int, write: int, own: int
) -> None:
    task = await ada.create_task(project)
    actor = ada if role == "owner" else await api.register("bob")
    if role in ("editor", "viewer"):
        await ada.add_member(project, actor, role)
    await actor.get(f"{path(project, task)}/events", expect=read)
    await actor.delete(path(project, task), expect=204 if write == 200 else write)
    if write != 200:
        await ada.delete(path(project, task))
    await actor.get(f"{project.path}/tasks?deleted=true", expect=read)
    await actor.post(f"{path(project, task)}/restore", expect=write)
    await actor.delete(f"{path(project, task)}?purge=true", expect=own)


async def test_strangers_learn_nothing(api: Api, ada: Person, project: Project) -> None:
    task, eve = await ada.create_task(project), await api.register("eve")
    own = await eve.create_project()
    await ada.delete(path(project, task))
    for id_ in (task["id"], NOWHERE, "x"):
        for where in (project.path, own.path):
            for method, tail in (("POST", "/restore"), ("DELETE", "?purge=true"), ("GET", "/events")):
                refused = await eve.request(method, f"{where}/tasks/{id_}{tail}")
                assert (refused.status_code, refused.json()["code"]) == (404, "NOT_FOUND")
    assert await trashed(ada, project) == ["Fly"]


async def test_ending_one_for_good(ada: Person, project: Project, runtime: Runtime) -> None:
    present, deleted = await ada.create_task(project, "Fly"), await ada.create_task(project, "Land")
    await ada.delete(path(project, deleted))
    stale = await ada.request("DELETE", f"{path(project, deleted)}?purge=true", If_Match='"7"')
    assert (stale.status_code, stale.json()["details"]) == (412, [deleted])
    for task in (present, deleted):
        await ada.delete(f"{path(project, task)}?purge=true")
        await ada.delete(f"{path(project, task)}?purge=true", expect=404)
        await ada.post(f"{path(project, task)}/restore", expect=404)
    assert [event["type"] for event in await ada.events(project, after=3)] == ["task.deleted"] * 2
    assert (await ada.get(project.path))["task_count"] == 0
    async with runtime.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(TASK)) == 0


async def test_an_archived_project_keeps_its_trash(ada: Person, project: Project) -> None:
    task = await ada.create_task(project)
    await ada.delete(path(project, task))
    await ada.patch(project.path, {"status": "archived"})
    await ada.post(f"{path(project, task)}/restore", expect=409)
    await ada.delete(f"{path(project, task)}?purge=true", expect=409)
    assert await trashed(ada, project) == ["Fly"]


async def test_the_trash_is_emptied_after_thirty_days(
    ada: Person, project: Project, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trash, "PURGE_BATCH", 2)
    tasks = [await ada.create_task(project, title) for title in ("Old 1", "Old 2", "Old 3", "Young", "Kept")]
    for task in tasks[:4]:
        await ada.delete(path(project, task))
    async with runtime.transaction() as session:
        at = now() - timedelta(days=30, minutes=1)
        await session.execute(update(TASK).where(TASK.c.title.startswith("Old")).values(deleted_at=at))
    before = await ada.snapshot(project)
    # As two nodes do at once.
    async with asyncio.TaskGroup() as nodes:
        for _ in range(2):
            nodes.create_task(purge_expired(runtime))
    assert await trashed(ada, project) == ["Young"]
    assert await ada.snapshot(project) == before
    await ada.post(f"{path(project, tasks[0])}/restore", expect=404)


async def test_quotas_count_the_trash_by_itself(ada: Person, project: Project) -> None:
    """A project may have 8 tasks here, and as many in the trash."""
    for _ in range(8):
        await ada.delete(path(project, await ada.create_task(project, "Gone")))
    tasks = [await ada.create_task(project, "Here") for _ in range(8)]
    gone = (await ada.get(f"{project.path}/tasks?deleted=true"))[0]
    before = await ada.snapshot(project)
    full = await ada.request("POST", f"{path(project, gone)}/restore")
    assert (full.status_code, full.json()["code"]) == (409, "LIMIT_REACHED")
    full = await ada.request("DELETE", path(project, tasks[0]))
    assert (full.status_code, full.json()["code"]) == (409, "LIMIT_REACHED")
    assert await ada.snapshot(project) == before
    await ada.delete(f"{path(project, gone)}?purge=true")
    await ada.delete(path(project, tasks[0]))
    assert len(await trashed(ada, project)) == 8


async def test_a_deleted_project_takes_its_trash_with_it(ada: Person, project: Project, runtime: Runtime) -> None:
    await ada.delete(path(project, await ada.create_task(project)))
    await ada.delete(project.path)
    async with runtime.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(TASK)) == 0


async def test_one_of_many_restores_wins(ada: Person, project: Project) -> None:
    task = await ada.create_task(project)
    await ada.delete(path(project, task))
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(ada.request("POST", f"{path(project, task)}/restore")) for _ in range(6)]
    assert sorted(each.result().status_code for each in asked) == [200] + [409] * 5
    snapshot = await ada.snapshot(project)
    assert snapshot["project"]["task_count"] == len(snapshot["tasks"]) == 1


async def test_a_repeated_restore_is_done_once(ada: Person, project: Project) -> None:
    task = await ada.create_task(project)
    await ada.delete(path(project, task))
    answers = [await ada.request("POST", f"{path(project, task)}/restore", Idempotency_Key="k") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert len(await ada.events(project)) == 4


async def test_a_history_has_the_events_of_its_task_alone(api: Api, ada: Person, project: Project) -> None:
    vic = await api.register("vic")
    task, other = await ada.create_task(project, "Fly"), await ada.create_task(project, "Land")
    await ada.change_task(project, task, title="Soar")
    await ada.change_task(project, task, status="done")
    await ada.add_member(project, vic, "viewer")
    await ada.change_task(project, other, title="Touch down")
    await ada.delete(path(project, task))
    await ada.post(f"{path(project, task)}/restore", expect=200)
    answer = await vic.request("GET", f"{path(project, task)}/events")
    assert [event["type"] for event in answer.json()] == [
        "task.created",
        "task.updated",
        "task.moved",
        "task.deleted",
        "task.restored",
    ]
    everything = await ada.all_events(project)
    assert answer.json() == [each for each in everything if each["data"].get("task", {}).get("id") == task["id"]]
    head = (await ada.snapshot(project))["stream"]
    assert (answer.headers["X-Stream-Offset"], answer.headers["X-Stream-Epoch"]) == (str(head["offset"]), head["epoch"])
    assert next_page(answer) is None


async def test_a_history_comes_in_pages_from_either_end(ada: Person, project: Project) -> None:
    task = await ada.create_task(project)
    for number in range(6):
        await ada.change_task(project, task, title=str(number))
        await ada.patch(project.path, {"name": str(number)})
    oldest_first = await history(ada, project, task)
    assert await history(ada, project, task, f"?after={oldest_first[3]['offset']}") == oldest_first[4:]
    for query, expected in (("?limit=2", oldest_first), ("?limit=2&before=1000", oldest_first[::-1])):
        seen: list[Json] = []
        where: str | None = f"{path(project, task)}/events{query}"
        while where is not None:
            page = await ada.request("GET", where)
            assert 0 < len(page.json()) <= 2
            seen += page.json()
            where = next_page(page)
        assert seen == expected
    assert await history(ada, project, task, "?before=0") == []
    for query in ("?before=-1", "?after=x", "?limit=0", "?limit=201", "?after=9223372036854775808"):
        assert (await ada.request("GET", f"{path(project, task)}/events{query}")).status_code == 422


async def test_a_page_of_a_history_is_bounded_by_bytes(ada: Person, project: Project) -> None:
    task = await ada.create_task(project)
    for number in range(20):
        await ada.change_task(project, task, description=f"{number}" + "x" * 9_900)
    page = await ada.request("GET", f"{path(project, task)}/events?limit=200")
    assert 5 < len(page.json()) < 20
    assert len(page.content) < 150_000
    assert next_page(page) is not None


async def test_old_events_without_a_subject_are_absent(ada: Person, project: Project, runtime: Runtime) -> None:
    task = await ada.create_task(project)
    async with runtime.transaction() as session:
        await session.execute(update(EVENT).values(subject_id=None))
    await ada.change_task(project, task, title="Soar")
    assert [event["type"] for event in await history(ada, project, task)] == ["task.updated"]


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_a_history_is_found_by_its_index(runtime: Runtime, project: Project) -> None:
    plan = 'EXPLAIN QUERY PLAN SELECT 1 FROM event WHERE subject_id = \'x\' AND "offset" > 1 ORDER BY "offset" LIMIT 2'
    async with runtime.database.read() as session:
        steps = " ".join(row.detail for row in await session.execute(text(plan)))
    assert "ix_event_subject" in steps
