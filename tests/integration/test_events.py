"""GET /projects/{id}/events, and the snapshot before it."""

import asyncio

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.eventlog import log
from roomful.eventlog.models import Channel
from roomful.runtime import Runtime
from tests.support.api import Person, Project, next_page
from tests.support.fold import fold, in_order


async def test_events_come_in_order_page_by_page(ada: Person, project: Project) -> None:
    for number in range(6):
        await ada.create_task(project, str(number))
    snapshot = await ada.snapshot(project)
    answer = await ada.request("GET", f"{project.path}/events?limit=3")
    assert answer.headers["X-Stream-Offset"] == "7"
    assert answer.headers["X-Stream-Epoch"] == snapshot["stream"]["epoch"]
    assert answer.headers["Content-Type"] == "application/json"
    offsets = [event["offset"] for event in answer.json()]
    while (path := next_page(answer)) is not None:
        answer = await ada.request("GET", path)
        offsets += [event["offset"] for event in answer.json()]
    assert offsets == [1, 2, 3, 4, 5, 6, 7]

    at_the_end = await ada.request("GET", f"{project.path}/events?after=7")
    assert (at_the_end.json(), at_the_end.headers["X-Stream-Offset"], at_the_end.links) == ([], "7", {})


async def test_an_event_names_actor_change_and_time(ada: Person, project: Project) -> None:
    (event,) = await ada.events(project)
    assert set(event) == {"id", "type", "project_id", "offset", "actor_id", "at", "version", "data"}
    assert (event["project_id"], event["actor_id"], event["version"]) == (project.id, ada.id, 1)
    assert event["at"].endswith("Z")


async def test_a_bad_place_is_refused(ada: Person, project: Project) -> None:
    for query in ("after=-1", "after=x", f"after={2**64}", "after=%00", "limit=0", "limit=201"):
        refused = await ada.request("GET", f"{project.path}/events?{query}")
        assert refused.status_code in (400, 422), query


async def test_deleted_events_have_expired(ada: Person, project: Project, runtime: Runtime) -> None:
    for number in range(4):
        await ada.create_task(project, str(number))
    async with runtime.transaction() as session:
        await session.execute(update(Channel).where(Channel.name == project.channel).values(floor=3))
    for after in (0, 2, 6, 2**63, 2**64 - 1):
        gone = await ada.request("GET", f"{project.path}/events?after={after}")
        assert (gone.status_code, gone.json()["code"]) == (410, "EVENTS_EXPIRED"), after
    assert [event["offset"] for event in await ada.events(project, after=3)] == [4, 5]


async def test_an_uncommitted_change_has_no_event(
    ada: Person, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every second commit fails: only answered changes are stored, each with its event."""
    commit, turn = AsyncSession.commit, 0

    async def fail_every_second_time(session: AsyncSession) -> None:
        nonlocal turn
        if not log.recorded(session):  # that of a log cursor
            await commit(session)
            return
        turn += 1
        if turn % 2:
            raise ConnectionError
        await commit(session)

    with monkeypatch.context() as broken:
        broken.setattr(AsyncSession, "commit", fail_every_second_time)
        answers = [await ada.request("POST", f"{project.path}/tasks", json={"title": str(n)}) for n in range(10)]
    assert [answer.status_code for answer in answers] == [503, 201] * 5
    events = await ada.events(project, after=1)
    assert [event["offset"] for event in events] == [2, 3, 4, 5, 6]
    assert [event["data"]["task"] for event in events] == [answer.json() for answer in answers[1::2]]
    assert (await ada.get(project.path))["task_count"] == 5


async def test_events_continue_a_snapshot_taken_amid_changes(ada: Person, project: Project) -> None:
    """Whatever is committed between its queries, it shows the state at its offset."""
    tasks = [await ada.create_task(project, str(number)) for number in range(3)]

    async def change() -> None:
        for number in range(20):
            await ada.change_task(project, tasks[number % 3], title=f"t{number}")
            await ada.create_task(project, f"n{number}")

    async with asyncio.TaskGroup() as group:
        changing = group.create_task(change())
        snapshots = []
        while not changing.done():
            snapshots.append(await ada.snapshot(project))
    final, events = await ada.snapshot(project), await ada.all_events(project)
    assert len({snapshot["stream"]["offset"] for snapshot in snapshots}) > 3
    for snapshot in snapshots:
        for event in events:
            snapshot = fold(snapshot, event)
        assert in_order(snapshot) == final
