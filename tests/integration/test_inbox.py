"""Notifications: who gets which entry, what they do with it, and what their other devices are told."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update

from roomful.channels import project_channel, user_channel
from roomful.db.base import now
from roomful.eventlog import log
from roomful.eventlog.models import LOG_CURSOR, Channel, Event
from roomful.inbox import service, snoozing, telling
from roomful.projects.models import NOTIFICATION
from roomful.projects.notifications import Concerns, notify
from roomful.projects.unread import MOST
from roomful.runtime import Runtime
from tests.support.api import Api, Json, Person, Project
from tests.support.app import Live
from tests.support.inbox import all_told, inbox, own_events, reasons, told
from tests.support.subscribers import Subscriber


class Team:
    """Ada owns a project with Bob and Cleo, who have archived that they were added. Dan has nothing to do with it."""

    def __init__(self, ada: Person, bob: Person, cleo: Person, dan: Person, project: Project) -> None:
        self.ada, self.bob, self.cleo, self.dan, self.project = ada, bob, cleo, dan, project

    def path(self, task: Json, rest: str = "") -> str:
        return f"{self.project.path}/tasks/{task['id']}{rest}"


async def team_of(api: Api) -> Team:
    ada, bob, cleo, dan = [await api.register(name) for name in ("ada", "bob", "cleo", "dan")]
    project = await ada.create_project()
    for person in (bob, cleo):
        await ada.add_member(project, person)
        (entry,) = await inbox(person)
        await person.patch(f"/notifications/{entry['id']}", {"archived": True})
    return Team(ada, bob, cleo, dan, project)


@pytest.fixture
async def team(api: Api) -> Team:
    return await team_of(api)


async def test_being_added_is_told_and_making_a_project_is_not(api: Api, runtime: Runtime) -> None:
    ada, bob = await api.register("ada"), await api.register("bob")
    project = await ada.create_project()
    await ada.add_member(project, bob)

    (entry,) = await inbox(bob)
    assert await inbox(ada) == []
    assert entry == {
        "id": entry["id"],
        "project_id": project.id,
        "project_name": "Apollo",
        "subject": {"type": "project", "id": project.id, "title": "Apollo"},
        "reason": "added",
        "actor_id": ada.id,
        "actor_name": "Ada",
        "count": 1,
        "created_at": entry["created_at"],
        "updated_at": entry["created_at"],
        "read_at": None,
        "archived_at": None,
        "snoozed_until": None,
    }
    ((type_, event),) = await own_events(runtime, bob)
    assert (type_, event["data"]) == ("notification.created", {"notification": entry, "unread": 1})
    assert (event["project_id"], event["actor_id"], event["offset"]) == (project.id, ada.id, 1)
    assert await own_events(runtime, ada) == []


async def test_an_assignee_is_told_and_nobody_of_their_own_doing(team: Team) -> None:
    await team.ada.create_task(team.project, "Fly", assignee_id=team.bob.id)
    await team.ada.create_task(team.project, "Land", assignee_id=team.ada.id)
    task = await team.ada.create_task(team.project, "Walk")
    await team.ada.change_task(team.project, task, assignee_id=team.cleo.id)

    assert await reasons(team.bob) == [("assigned", "Fly", 1)]
    assert await reasons(team.cleo) == [("assigned", "Walk", 1)]
    assert await reasons(team.ada) == []
    assert await reasons(team.dan) == []


async def test_watchers_are_told_of_moves_days_and_assignees_and_of_nothing_else(team: Team) -> None:
    task = await team.ada.create_task(team.project, "Fly")
    other = await team.ada.create_task(team.project, "Other")
    await team.cleo.request("PUT", team.path(task, "/watch"))
    quiet: list[Json] = [
        {"title": "Fly far"},
        {"description": "there"},
        {"labels": ["moon"]},
        {"after": other["id"]},  # another place in the same column
    ]
    for fields in quiet:
        await team.bob.change_task(team.project, task, **fields)
    assert await reasons(team.cleo) == await reasons(team.ada) == []

    told: list[Json] = [
        {"status": "done"},
        {"due_on": "2026-07-16"},
        {"assignee_id": team.bob.id},
        {"assignee_id": None},
    ]
    for number, fields in enumerate(told, 1):
        await team.bob.change_task(team.project, task, **fields)
        assert await reasons(team.cleo) == await reasons(team.ada) == [("watching", "Fly far", number)]
    assert await reasons(team.bob) == []


async def test_the_former_assignee_is_told(team: Team) -> None:
    task = await team.ada.create_task(team.project, "Fly", assignee_id=team.bob.id)
    (entry,) = await inbox(team.bob)
    await team.bob.patch(f"/notifications/{entry['id']}", {"read": True})
    await team.ada.change_task(team.project, task, assignee_id=team.cleo.id)
    assert await reasons(team.bob) == [("watching", "Fly", 1)]
    assert await reasons(team.cleo) == [("assigned", "Fly", 1)]


async def test_the_strongest_reason_since_it_was_read(team: Team) -> None:
    task = await team.ada.create_task(team.project, "Fly", assignee_id=team.bob.id)
    await team.ada.change_task(team.project, task, due_on="2026-07-16")
    assert await reasons(team.bob) == [("assigned", "Fly", 2)]
    (entry,) = await inbox(team.bob)
    await team.bob.patch(f"/notifications/{entry['id']}", {"read": True})
    await team.ada.change_task(team.project, task, due_on="2026-07-17")
    ((again),) = await inbox(team.bob)
    assert (again["id"], again["reason"], again["count"], again["read_at"]) == (entry["id"], "watching", 1, None)
    assert again["updated_at"] > entry["updated_at"]


async def test_who_has_unwatched_stays_unwatched(team: Team) -> None:
    task = await team.bob.create_task(team.project, "Fly")
    assert (await team.bob.get(team.path(task, "/watch"))) == {"watching": True}
    await team.bob.delete(team.path(task, "/watch"))
    assert (await team.bob.get(team.path(task, "/watch"))) == {"watching": False}
    await team.ada.change_task(team.project, task, due_on="2026-07-16")
    assert await reasons(team.bob) == []
    await team.ada.change_task(team.project, task, assignee_id=team.bob.id)
    assert await reasons(team.bob) == [("assigned", "Fly", 1)]  # by name, all the same
    await team.ada.change_task(team.project, task, due_on="2026-07-17")
    assert await reasons(team.bob) == [("assigned", "Fly", 1)]
    await team.bob.request("PUT", team.path(task, "/watch"))
    await team.ada.change_task(team.project, task, due_on="2026-07-18")
    assert await reasons(team.bob) == [("assigned", "Fly", 2)]


@pytest.mark.parametrize(
    ("level", "assigned", "moved", "elsewhere"),
    [
        ("all", True, True, True),
        ("participating", True, True, False),
        ("mentions", False, False, False),
        ("none", False, False, False),
    ],
)
async def test_levels(team: Team, level: str, *, assigned: bool, moved: bool, elsewhere: bool) -> None:
    path = f"{team.project.path}/notifications"
    assert await team.bob.get(path) == {"level": "participating"}
    answer = await team.bob.request("PUT", path, json={"level": level})
    assert (answer.status_code, answer.json()) == (200, {"level": level})
    assert await team.bob.get(path) == {"level": level}
    assert await team.cleo.get(path) == {"level": "participating"}

    await team.ada.create_task(team.project, "Yours", assignee_id=team.bob.id)
    watched = await team.ada.create_task(team.project, "Watched")
    await team.bob.request("PUT", team.path(watched, "/watch"))
    await team.ada.change_task(team.project, watched, status="done")
    await team.ada.create_task(team.project, "New")
    titles = {title for _, title, _ in await reasons(team.bob)}
    expected = {"Yours"} if assigned else set()
    expected |= {"Watched"} if moved else set()
    expected |= {"New"} if elsewhere else set()
    assert titles == expected
    assert await reasons(team.cleo) == []


async def test_an_entry_is_read_archived_snoozed_and_taken_back(team: Team, runtime: Runtime) -> None:
    await team.ada.create_task(team.project, "Fly", assignee_id=team.bob.id)
    (entry,) = await inbox(team.bob)
    path = f"/notifications/{entry['id']}"
    before = len(await own_events(runtime, team.bob))
    later = (now() + timedelta(hours=1)).isoformat()

    read = await team.bob.patch(path, {"read": True})
    assert read["read_at"] is not None
    assert await team.bob.patch(path, {"read": True}) == read
    assert await inbox(team.bob, "?unread=true") == []
    assert [each["id"] for each in await inbox(team.bob, "?unread=false")] == [entry["id"]]
    assert (await team.bob.patch(path, {"read": False}))["read_at"] is None
    await team.bob.patch(path, {"archived": True})
    assert await inbox(team.bob) == []
    assert entry["id"] in [each["id"] for each in await inbox(team.bob, "?archived=true")]
    await team.bob.patch(path, {"archived": False, "snoozed_until": later})
    assert await inbox(team.bob) == await inbox(team.bob, "?unread=true") == []
    assert [each["id"] for each in await inbox(team.bob, "?snoozed=true")] == [entry["id"]]
    assert await team.bob.patch(path, {"snoozed_until": None}) == {**entry, "snoozed_until": None}

    told = [(type_, event["data"]["unread"]) for type_, event in (await own_events(runtime, team.bob))[before:]]
    assert told == [
        ("notification.read", 0),
        ("notification.updated", 1),
        ("notification.updated", 0),
        ("notification.updated", 0),
        ("notification.updated", 1),
    ]


async def test_comments_tell_the_mentioned_the_thread_and_the_watchers(team: Team) -> None:
    task = await team.ada.create_task(team.project, "Fly")
    path = team.path(task, "/comments")
    first = await team.bob.post(
        path, {"body": f"@[Cleo](mention://user/{team.cleo.id}) look, @[Dan](mention://user/{team.dan.id})"}
    )
    assert await reasons(team.ada) == [("watching", "Fly", 1)]
    assert await reasons(team.cleo) == [("mentioned", "Fly", 1)]
    assert await reasons(team.bob) == await reasons(team.dan) == []

    await team.cleo.post(path, {"body": "I see", "parent_id": first["id"]})
    assert await reasons(team.bob) == [("replied", "Fly", 1)]
    assert await reasons(team.ada) == [("watching", "Fly", 2)]
    await team.ada.post(path, {"body": "Good", "parent_id": first["id"]})
    assert await reasons(team.cleo) == [("mentioned", "Fly", 2)]
    assert await reasons(team.bob) == [("replied", "Fly", 2)]
    # Whoever wrote or was mentioned watches from then on, unless they have said no.
    assert await team.cleo.get(team.path(task, "/watch")) == {"watching": True}
    await team.cleo.delete(team.path(task, "/watch"))
    await team.ada.change_task(team.project, task, status="done")
    assert await reasons(team.bob) == [("replied", "Fly", 3)]
    assert await reasons(team.cleo) == [("mentioned", "Fly", 2)]
    await team.cleo.post(path, {"body": "once more"})
    assert await team.cleo.get(team.path(task, "/watch")) == {"watching": False}


async def test_an_edit_tells_only_the_newly_mentioned_and_nothing_else_does(team: Team) -> None:
    task = await team.ada.create_task(team.project, "Fly")
    path = team.path(task, "/comments")
    bob, cleo = (f"@[x](mention://user/{person.id})" for person in (team.bob, team.cleo))
    comment = await team.ada.post(path, {"body": bob})
    one = f"{path}/{comment['id']}"
    await team.ada.patch(one, {"body": f"{bob} {cleo}"})
    assert await reasons(team.bob) == [("mentioned", "Fly", 1)]
    assert await reasons(team.cleo) == [("mentioned", "Fly", 1)]
    await team.ada.patch(one, {"body": bob})
    await team.ada.patch(one, {"resolved": True})
    await team.ada.request("PUT", f"{one}/reactions/\U0001f680")
    await team.ada.delete(one)
    assert await reasons(team.bob) == [("mentioned", "Fly", 1)]
    assert await reasons(team.cleo) == [("mentioned", "Fly", 1)]
    assert await reasons(team.ada) == []


async def test_only_mentions_where_that_is_wanted(team: Team) -> None:
    await team.bob.request("PUT", f"{team.project.path}/notifications", json={"level": "mentions"})
    await team.cleo.request("PUT", f"{team.project.path}/notifications", json={"level": "none"})
    task = await team.ada.create_task(team.project, "Fly", assignee_id=team.bob.id)
    bob, cleo = (f"@[x](mention://user/{person.id})" for person in (team.bob, team.cleo))
    await team.ada.post(team.path(task, "/comments"), {"body": "nobody"})
    assert await reasons(team.bob) == []
    await team.ada.post(team.path(task, "/comments"), {"body": f"{bob} {cleo}"})
    assert await reasons(team.bob) == [("mentioned", "Fly", 1)]
    assert await reasons(team.cleo) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"read": "yes"},
        {"read": None},
        {"snoozed_until": "2020-01-01T00:00:00Z"},
        {"snoozed_until": "2999-01-01T00:00:00Z"},
        {"snoozed_until": "2026-12-24"},
        {"snoozed_until": 1_800_000_000},
        {"read_at": "2026-12-24T00:00:00Z"},
        {"read": True, "user_id": "x"},
    ],
)
async def test_bad_changes_are_refused(team: Team, body: Json) -> None:
    await team.ada.create_task(team.project, "Fly", assignee_id=team.bob.id)
    (entry,) = await inbox(team.bob)
    answer = await team.bob.request("PATCH", f"/notifications/{entry['id']}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION")
    assert await inbox(team.bob) == [entry]


async def test_the_entries_of_others_are_not_there(team: Team) -> None:
    await team.ada.create_task(team.project, "Fly", assignee_id=team.bob.id)
    (entry,) = await inbox(team.bob)
    for person in (team.ada, team.cleo, team.dan):
        for id_ in (entry["id"], "x", "019a7f5e-0000-7000-8000-000000000000"):
            answer = await person.request("PATCH", f"/notifications/{id_}", json={"read": True})
            assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert await inbox(team.dan, f"?project_id={team.project.id}") == []
    assert await inbox(team.bob) == [entry]


async def test_strangers_watch_nothing(team: Team) -> None:
    task = await team.ada.create_task(team.project, "Fly")
    mine = await team.dan.create_project("Mine")
    for method, path in (
        *(
            ("GET", team.path(task, "/watch")),
            ("PUT", team.path(task, "/watch")),
            ("DELETE", team.path(task, "/watch")),
        ),
        *(("GET", f"{team.project.path}/notifications"), ("PUT", f"{mine.path}/tasks/{task['id']}/watch")),
    ):
        assert (await team.dan.request(method, path)).status_code == 404
    answer = await team.dan.request("PUT", f"{team.project.path}/notifications", json={"level": "all"})
    assert answer.status_code == 404
    answer = await team.bob.request("PUT", f"{team.project.path}/notifications", json={"level": "loud"})
    assert answer.status_code == 422
    assert (await team.bob.http.get("/api/v1/notifications")).status_code == 401


async def test_a_viewer_watches_and_is_notified(api: Api, team: Team) -> None:
    vic = await api.register("vic")
    await team.ada.add_member(team.project, vic, "viewer")
    task = await team.ada.create_task(team.project, "Fly")
    assert (await vic.request("PUT", team.path(task, "/watch"))).status_code == 204
    await team.ada.change_task(team.project, task, status="done")
    assert ("watching", "Fly", 1) in await reasons(vic)


async def test_leaving_removal_and_deletion_empty_the_inbox(api: Api, team: Team, runtime: Runtime) -> None:
    other = await team.ada.create_project("Other")
    await team.ada.add_member(other, team.bob)
    task = await team.ada.create_task(team.project, "Fly", assignee_id=team.bob.id)
    await team.ada.create_task(team.project, "Land", assignee_id=team.cleo.id)
    await team.cleo.request("PUT", team.path(task, "/watch"))
    before = {person.id: len(await own_events(runtime, person)) for person in (team.bob, team.cleo)}

    await team.ada.delete(team.path(task))
    assert [entry["subject"]["title"] for entry in await inbox(team.bob)] == ["Other"]
    (deleted,) = (await own_events(runtime, team.bob))[before[team.bob.id] :]
    assert deleted[0] == "notification.deleted"
    assert deleted[1]["data"] == {
        "project_id": team.project.id,
        "subject": {"type": "task", "id": task["id"]},
        "unread": 1,
    }
    await team.cleo.delete(f"{team.project.path}/members/{team.cleo.id}")
    assert await inbox(team.cleo) == await inbox(team.cleo, "?archived=true") == []
    (gone,) = (await own_events(runtime, team.cleo))[before[team.cleo.id] :]
    assert (gone[0], gone[1]["data"]) == ("notification.deleted", {"project_id": team.project.id, "unread": 0})
    await team.ada.delete(other.path)
    assert await inbox(team.bob) == []
    assert (await own_events(runtime, team.bob))[-1][1]["data"] == {"project_id": other.id, "unread": 0}
    assert [each["subject"]["title"] for each in await inbox(team.bob, "?archived=true")] == ["Apollo"]

    # Coming back begins anew, also for what they watched.
    await team.ada.add_member(team.project, team.cleo)
    assert await reasons(team.cleo) == [("added", "Apollo", 1)]


@pytest.mark.parametrize("ends", ["membership", "project", "task"])
async def test_what_empties_an_inbox_locks_in_the_cursors_order(team: Team, runtime: Runtime, ends: str) -> None:
    """First the person's channel, then the rows: in the other order the two would wait for each other."""
    task = await team.ada.create_task(team.project, assignee_id=team.bob.id)
    await all_told(runtime)
    path = {
        "membership": f"{team.project.path}/members/{team.bob.id}",
        "project": team.project.path,
        "task": team.path(task),
    }[ends]
    async with asyncio.TaskGroup() as tasks:
        async with runtime.transaction() as session:
            await log.lock(session, user_channel(team.bob.id))
            ending = tasks.create_task(team.ada.delete(path))
            await asyncio.sleep(0.3)
            assert not ending.done()
            mine = (NOTIFICATION.c.user_id == team.bob.id, NOTIFICATION.c.subject_id == task["id"])
            await session.execute(text("SET LOCAL lock_timeout = 200") if not runtime.database.is_sqlite else select(1))
            await session.execute(update(NOTIFICATION).where(*mine).values(is_untold=False))
    assert [entry for entry in await inbox(team.bob) if entry["subject"] == {"type": "task", "id": task["id"]}] == []


async def test_an_unread_entry_that_moves_is_told_once_a_batch(team: Team, runtime: Runtime) -> None:
    task = await team.ada.create_task(team.project, "Fly", assignee_id=team.bob.id)
    before = len(await own_events(runtime, team.bob))
    async with runtime.database.read() as session:
        place = await log.head(session, user_channel(team.bob.id))
    for day in range(10, 20):
        await team.ada.change_task(team.project, task, due_on=f"2026-07-{day}")
    events = (await own_events(runtime, team.bob))[before:]
    assert {type_ for type_, _ in events} == {"notification.updated"}
    assert [event["offset"] for _, event in events] == [place.offset + n for n in range(1, len(events) + 1)]
    counts = [event["data"]["notification"]["count"] for _, event in events]
    assert counts == sorted(set(counts))
    assert counts[-1] == 11


async def test_an_entry_comes_first_in_the_list_once_its_news_are_told(team: Team, runtime: Runtime) -> None:
    one = await team.ada.create_task(team.project, "One", assignee_id=team.bob.id)
    await team.ada.create_task(team.project, "Two", assignee_id=team.bob.id)
    await all_told(runtime)
    assert [title for _, title, _ in await reasons(team.bob)] == ["Two", "One"]
    await team.ada.change_task(team.project, one, due_on="2026-07-11")
    await all_told(runtime)
    assert await reasons(team.bob) == [("assigned", "One", 2), ("assigned", "Two", 1)]


async def test_news_are_told_though_their_events_are_deleted(team: Team, runtime: Runtime) -> None:
    for person in (team.bob, team.cleo):
        await team.ada.create_task(team.project, person.name, assignee_id=person.id)
    bobs, cleos = await own_events(runtime, team.bob), await own_events(runtime, team.cleo)
    channel = project_channel(team.project.id)
    async with runtime.transaction() as session:  # as if the cursor had been away for as long as retention keeps events
        head = (await log.head(session, channel)).offset
        await session.execute(update(NOTIFICATION).values(is_untold=True))
        await session.execute(delete(Event).where(Event.channel == channel))
        await session.execute(update(Channel).where(Channel.name == channel).values(floor=head))
        of_project = (LOG_CURSOR.c.cursor == telling.RULES.name, LOG_CURSOR.c.channel == channel)
        await session.execute(update(LOG_CURSOR).where(*of_project).values(position=0))
    await telling.inbox_cursor(runtime).catch_up()
    for person, before in ((team.bob, bobs), (team.cleo, cleos)):
        assert len((await own_events(runtime, person))[len(before) :]) == 2  # of the project, and of the task


async def test_rows_that_move_up_are_written_in_place(team: Team, runtime: Runtime) -> None:
    """PostgreSQL's HOT: no index is written, so fifty watchers don't cost a change fifty entries in each."""
    if runtime.database.is_sqlite:
        pytest.skip("only PostgreSQL counts this")
    task = await team.ada.create_task(team.project, "Fly", assignee_id=team.bob.id)
    await team.ada.change_task(team.project, task, due_on="2026-07-11")
    await all_told(runtime)
    concerns = Concerns(subject_type="task", subject_id=task["id"], watching=[team.bob.id, team.cleo.id])
    statement, parameters = notify(team.project.id, team.ada.id, concerns)
    async with runtime.transaction() as session:
        await session.execute(statement, parameters)  # Cleo's row is new
        await session.execute(update(NOTIFICATION).values(is_untold=False))  # no event leads the cursor to these
    updated, in_place = (
        f"pg_stat_get_xact_tuples_{way}('notification'::regclass)" for way in ("updated", "hot_updated")
    )
    async with runtime.transaction() as session:
        before = (await session.execute(text(f"SELECT {updated}, {in_place}"))).one()
        await session.execute(statement, parameters)
        after = (await session.execute(text(f"SELECT {updated}, {in_place}"))).one()
    assert [b - a for a, b in zip(before, after, strict=True)] == [2, 2]


async def test_everything_that_was_seen_is_read(team: Team, runtime: Runtime) -> None:
    for title in ("One", "Two", "Three"):
        await team.ada.create_task(team.project, title, assignee_id=team.bob.id)
    await own_events(runtime, team.bob)
    seen = await told(team.bob)
    await team.ada.create_task(team.project, "Later", assignee_id=team.bob.id)
    await own_events(runtime, team.bob)

    assert await team.bob.post("/notifications/read-all", {"up_to": seen}, expect=200) == {"unread": 1}
    assert [each["subject"]["title"] for each in await inbox(team.bob, "?unread=true")] == ["Later"]
    *_, (type_, event) = await own_events(runtime, team.bob)
    assert (type_, event["data"], event["project_id"]) == ("notification.read", {"up_to": seen, "unread": 1}, None)
    count = len(await own_events(runtime, team.bob))
    assert await team.bob.post("/notifications/read-all", {"up_to": seen}, expect=200) == {"unread": 1}
    assert len(await own_events(runtime, team.bob)) == count
    for up_to in (-1, 10**6, 2**63, "3", None):
        answer = await team.bob.request("POST", "/notifications/read-all", json={"up_to": up_to})
        assert answer.status_code == 422
    await team.ada.create_task(team.project, "Cleo's", assignee_id=team.cleo.id)
    await own_events(runtime, team.cleo)
    await team.bob.post("/notifications/read-all", {"up_to": await told(team.bob)}, expect=200)
    assert len(await inbox(team.cleo, "?unread=true")) == 1


async def test_what_has_come_anew_and_was_not_told_stays_unread(team: Team, runtime: Runtime) -> None:
    task = await team.ada.create_task(team.project, "Fly", assignee_id=team.bob.id)
    await own_events(runtime, team.bob)
    seen = await told(team.bob)
    async with runtime.transaction() as session:  # as if the cursor had not come to it
        await session.execute(update(NOTIFICATION).values(is_untold=True))
    await team.bob.post("/notifications/read-all", {"up_to": seen}, expect=200)
    assert [each["subject"]["id"] for each in await inbox(team.bob, "?unread=true")] == [task["id"]]


async def test_pages_and_projects(team: Team) -> None:
    other = await team.ada.create_project("Other")
    await team.ada.add_member(other, team.bob)
    for number in range(7):
        await team.ada.create_task(team.project, str(number), assignee_id=team.bob.id)
    titles: list[str] = []
    query = "?limit=3"
    while query:
        answer = await team.bob.request("GET", f"/notifications{query}")
        titles += [entry["subject"]["title"] for entry in answer.json()]
        link = answer.headers.get("Link", "")
        query = link[1 : link.index(">")] if link else ""
    assert titles == [*(str(number) for number in reversed(range(7))), "Other"]
    (entry,) = await inbox(team.bob, f"?project_id={other.id}")
    assert entry["subject"]["title"] == "Other"


async def test_a_snooze_ends_by_itself_once(team: Team, runtime: Runtime) -> None:
    await team.ada.create_task(team.project, "Fly", assignee_id=team.bob.id)
    (entry,) = await inbox(team.bob)
    await all_told(runtime)
    later = (now() + timedelta(hours=1)).isoformat()
    await team.bob.patch(f"/notifications/{entry['id']}", {"read": True, "snoozed_until": later})
    assert await snoozing.wake_due(runtime) == 0
    async with runtime.transaction() as session:
        await session.execute(update(NOTIFICATION).values(snoozed_until=now()).where(NOTIFICATION.c.id == entry["id"]))
    async with asyncio.TaskGroup() as tasks:
        waking = [tasks.create_task(snoozing.wake_due(runtime)) for _ in range(3)]
    assert sum(task.result() for task in waking) <= 1  # the server's own loop may be first
    (back,) = await inbox(team.bob, "?unread=true")
    assert (back["id"], back["snoozed_until"], back["read_at"]) == (entry["id"], None, None)
    events = [event for type_, event in await own_events(runtime, team.bob) if type_ == "notification.updated"]
    assert [event["data"]["unread"] for event in events][-1] == 1
    assert len([event for event in events if event["data"]["notification"]["updated_at"] == back["updated_at"]]) == 1


async def test_old_entries_are_purged(team: Team, runtime: Runtime) -> None:
    await team.ada.create_task(team.project, "Old", assignee_id=team.bob.id)
    await team.ada.create_task(team.project, "New", assignee_id=team.bob.id)
    old = now() - timedelta(days=100)
    (entry,) = [each for each in await inbox(team.bob) if each["subject"]["title"] == "Old"]
    async with runtime.transaction() as session:
        moved = {"id": f"01900000-0000-7{entry['id'][15:]}", "updated_at": old}
        await session.execute(update(NOTIFICATION).values(moved).where(NOTIFICATION.c.id == entry["id"]))
    async with runtime.transaction() as session:
        assert await service.purge(session, before=now() - timedelta(days=90)) == 1
    async with runtime.transaction() as session:
        assert await service.purge(session, before=now() - timedelta(days=90)) == 0
    assert [each["subject"]["title"] for each in await inbox(team.bob)] == ["New"]


async def test_a_change_that_fails_notifies_nobody(team: Team) -> None:
    task = await team.ada.create_task(team.project, "Fly")
    answer = await team.ada.request("PATCH", team.path(task), json={"assignee_id": team.bob.id}, If_Match='"9"')
    assert answer.status_code == 412
    answer = await team.ada.request("PATCH", team.path(task), json={"assignee_id": team.dan.id})
    assert answer.status_code == 422
    assert await reasons(team.bob) == await reasons(team.dan) == []


async def test_a_repeated_post_notifies_once(team: Team) -> None:
    body = {"title": "Fly", "assignee_id": team.bob.id}
    for _ in range(2):
        await team.ada.request("POST", f"{team.project.path}/tasks", json=body, Idempotency_Key="k")
    assert await reasons(team.bob) == [("assigned", "Fly", 1)]


async def test_a_rename_is_seen_in_the_inbox(team: Team) -> None:
    task = await team.ada.create_task(team.project, "Fly", assignee_id=team.bob.id)
    await team.ada.change_task(team.project, task, title="Soar")
    await team.ada.patch("/auth/me", {"name": "Countess"})
    (entry,) = await inbox(team.bob)
    assert (entry["subject"]["title"], entry["actor_name"]) == ("Soar", "Countess")


async def test_the_number_comes_with_the_connect_answer_and_changes_live(live: Live) -> None:
    team = await team_of(live.api)
    await team.ada.create_task(team.project, "Fly", assignee_id=team.bob.id)
    await all_told(live.runtime)
    async with (
        Subscriber(live.socket_url, token=team.bob.token) as one,
        Subscriber(live.socket_url, token=team.bob.token) as two,
        Subscriber(live.socket_url, token=team.cleo.token) as cleo,
    ):
        assert one.connected["data"] == {"unread": 1}
        assert cleo.connected["data"] == {"unread": 0}
        task = await team.ada.create_task(team.project, "Land", assignee_id=team.bob.id)
        channel = user_channel(team.bob.id)
        for device in (one, two):
            while event := (await device.expect_push("notification.created", channel)).event:
                if event["data"]["notification"]["subject"]["id"] == task["id"]:
                    break
            assert event["data"]["unread"] == 2
        entry = event["data"]["notification"]
        await team.bob.patch(f"/notifications/{entry['id']}", {"read": True})
        for device in (one, two):
            read = (await device.expect_push("notification.read", channel)).event
            assert (read["data"]["notification"]["id"], read["data"]["unread"]) == (entry["id"], 1)


async def test_a_device_that_was_away_recovers_what_it_missed(live: Live) -> None:
    team = await team_of(live.api)
    await all_told(live.runtime)
    channel = user_channel(team.bob.id)
    async with Subscriber(live.socket_url, token=team.bob.token) as device:
        sub = device.connected["subs"][channel]
        place = {"recover": True, "epoch": sub["epoch"], "offset": sub["offset"]}
        await device.drop()
        for number in range(3):
            await team.ada.create_task(team.project, str(number), assignee_id=team.bob.id)
        await all_told(live.runtime)
        answer = await device.connect(subs={channel: place})
        assert answer["data"] == {"unread": 3}
        assert answer["subs"][channel]["recovered"] is True
        events = [pub["data"] for pub in answer["subs"][channel]["publications"]]
    assert [event["data"]["notification"]["subject"]["title"] for event in events] == ["0", "1", "2"]
    assert events[-1]["data"]["unread"] == 3


async def test_the_count_ends_at_a_thousand(team: Team, runtime: Runtime) -> None:
    at = now()
    rows: list[dict[str, Any]] = [
        {
            "id": f"019a7f5e-0000-7000-8000-{number:012}",
            "user_id": team.bob.id,
            "project_id": team.project.id,
            "subject_type": "task",
            "subject_id": str(number),
            "reason": "watching",
            "count": 1,
            "is_untold": False,
            "told_offset": 1,
            "created_at": at,
            "updated_at": at,
            "listed_at": at,
        }
        for number in range(MOST + 5)
    ]
    async with runtime.transaction() as session:
        await session.execute(NOTIFICATION.insert(), rows)
    await team.ada.create_task(team.project, "Fly", assignee_id=team.bob.id)
    *_, (_, event) = await own_events(runtime, team.bob)
    assert event["data"]["unread"] == MOST
    up_to = await told(team.bob)
    assert await team.bob.post("/notifications/read-all", {"up_to": up_to}, expect=200) == {"unread": 0}


async def test_more_people_than_one_transaction_tells(
    api: Api, team: Team, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "TOLD_AT_ONCE", 2)
    people = [await api.register(f"p{number}") for number in range(5)]
    task = await team.ada.create_task(team.project, "Fly")
    for person in people:
        await team.ada.add_member(team.project, person, "viewer")
        await person.request("PUT", team.path(task, "/watch"))
    await team.ada.change_task(team.project, task, status="done")
    for person in people:
        types = [type_ for type_, _ in await own_events(runtime, person)]
        assert types == ["notification.created", "notification.created"]
