"""A rename reaches each of the person's projects, a batch at a time, whatever happens between two batches."""

import asyncio
from collections.abc import Callable, Sequence

import pytest
from fastapi import FastAPI

from roomful.identity.models import User
from roomful.projects import renames
from roomful.realtime.publication import Publication
from roomful.runtime import Runtime
from roomful.settings import Settings
from tests.support.api import Person, Project
from tests.support.app import client_of, running_app
from tests.support.fold import fold, in_order

PROJECTS = 7


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renames, "BATCH", 3)
    monkeypatch.setattr(renames, "ROUND_SECONDS", 3_600.0)


@pytest.fixture
async def projects(ada: Person, bob: Person) -> list[Project]:
    made = [await ada.create_project(f"Apollo {number}") for number in range(PROJECTS)]
    for project in made:
        await ada.add_member(project, bob)
    return made


async def test_no_transaction_renames_in_more_than_a_batch_of_projects(
    ada: Person, bob: Person, projects: list[Project], runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed: list[int] = []
    wake: Callable[[Sequence[Publication]], None] = runtime.relay.wake

    def count(publications: Sequence[Publication]) -> None:
        committed.append(len(publications))
        wake(publications)

    monkeypatch.setattr(runtime.relay, "wake", count)
    old = [await ada.snapshot(project) for project in projects]

    await bob.patch("/auth/me", {"name": "Robert"})
    await told(ada, projects, bob, "Robert")

    assert max(committed) <= renames.BATCH
    for project, before in zip(projects, old, strict=True):
        [event] = await ada.events(project, after=before["stream"]["offset"])
        assert (event["type"], event["data"]["changed"], event["actor_id"]) == ("member.updated", ["name"], bob.id)
        assert in_order(fold(before, event)) == await ada.snapshot(project)


async def test_a_few_projects_are_renamed_in_before_the_answer(ada: Person, bob: Person) -> None:
    project = await ada.create_project()
    await ada.add_member(project, bob)
    await bob.patch("/auth/me", {"name": "Robert"})
    assert (await ada.events(project))[-1]["data"]["member"]["name"] == "Robert"


async def test_a_project_shows_the_name_of_its_events(
    ada: Person, bob: Person, projects: list[Project], runtime: Runtime
) -> None:
    """Even while it waits for its batch, snapshot and events agree."""
    old = [await ada.snapshot(project) for project in projects]
    await rename_without_telling(runtime, bob, "Robert")

    assert (await bob.get("/auth/me"))["name"] == "Robert"
    for project, before in zip(projects, old, strict=True):
        assert await ada.snapshot(project) == before
        assert (await ada.get(f"{project.path}/members/{bob.id}"))["name"] == "Bob"
        assert "Robert" not in str(await ada.get(f"{project.path}/members"))
    changed = await ada.patch(f"{projects[0].path}/members/{bob.id}", {"role": "viewer"})
    assert changed["name"] == "Bob"
    newcomer = await bob.create_project()
    assert "Robert" in str(await bob.snapshot(newcomer))

    await renames.tell_all(runtime)
    for project, before in zip(projects, old, strict=True):
        state = before
        for event in await ada.events(project, after=before["stream"]["offset"]):
            state = fold(state, event)
        assert in_order(state) == await ada.snapshot(project)
        assert (await ada.get(f"{project.path}/members/{bob.id}"))["name"] == "Robert"


async def test_another_process_finishes_a_killed_ones_renames(
    settings: Settings, ada: Person, bob: Person, projects: list[Project], runtime: Runtime
) -> None:
    await rename_without_telling(runtime, bob, "Robert")
    async with running_app(settings) as other, client_of(other) as client:
        ada.http = client
        await told(ada, projects, bob, "Robert")


async def test_two_pending_renames_make_one_event(
    ada: Person, bob: Person, projects: list[Project], runtime: Runtime
) -> None:
    heads = [(await ada.snapshot(project))["stream"]["offset"] for project in projects]
    await rename_without_telling(runtime, bob, "Robert")
    await rename_without_telling(runtime, bob, "Rob")
    await renames.tell_all(runtime)
    for project, head in zip(projects, heads, strict=True):
        [event] = await ada.events(project, after=head)
        assert event["data"]["member"]["name"] == "Rob"


async def test_a_reversed_rename_makes_no_event(
    ada: Person, bob: Person, projects: list[Project], runtime: Runtime
) -> None:
    old = [await ada.snapshot(project) for project in projects]
    await rename_without_telling(runtime, bob, "Robert")
    await rename_without_telling(runtime, bob, "Bob")
    await renames.tell_all(runtime)
    assert [await ada.snapshot(project) for project in projects] == old


async def test_concurrent_renames_and_changes_all_arrive(
    app: FastAPI, ada: Person, bob: Person, projects: list[Project]
) -> None:
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        for number in range(4):
            group.create_task(bob.patch("/auth/me", {"name": f"Bob {number}"}))
            group.create_task(ada.patch("/auth/me", {"name": f"Ada {number}"}))
            for project in projects:
                group.create_task(bob.create_task(project))
    name = (await bob.get("/auth/me"))["name"]
    await told(ada, projects, bob, name)
    for project in projects:
        offsets = [event["offset"] for event in await ada.all_events(project)]
        assert offsets == list(range(1, len(offsets) + 1))


async def rename_without_telling(runtime: Runtime, person: Person, name: str) -> None:
    """Like a process that is killed right after its first commit."""
    async with runtime.transaction() as session:
        user = await session.get_one(User, person.id, with_for_update={"key_share": True})
        await renames.mark(session, person.id, user.name)
        user.name = name


async def told(reader: Person, projects: list[Project], person: Person, name: str) -> None:
    """Wait until each project shows this name."""
    async with asyncio.timeout(20):
        for project in projects:
            while (await reader.get(f"{project.path}/members/{person.id}"))["name"] != name:  # noqa: ASYNC110  # the server's state
                await asyncio.sleep(0.01)
