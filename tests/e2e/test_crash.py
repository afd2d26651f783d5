"""A server that is killed while it writes, on every database."""

import asyncio
from collections import Counter

import httpx

from tests.support.api import Person, Project
from tests.support.server import Server
from tests.support.watch import watching

WRITERS = 8
WRITES_EACH = 25
ANSWERED_BEFORE_THE_KILL = 60


async def test_every_answered_write_survives_with_its_event(server: Server) -> None:
    """And `roomful-watch`, which ran all the time, has seen each of them once and in order."""
    ada = await server.api.register("ada")
    project = await ada.create_project()
    async with watching(server, ada, project, "--since", "0", "--json") as watch:
        await watch.connected()
        answered = await write_until_killed(server, ada, project)
        await server.start()

        last = await ada.create_task(project, "after the restart")
        events = await ada.all_events(project)
        seen = [await watch.event() for _ in events]

    tasks = {task["id"] for task in (await ada.snapshot(project))["tasks"]}
    created = [event["data"]["task"]["id"] for event in events if event["type"] == "task.created"]
    assert len(answered) >= ANSWERED_BEFORE_THE_KILL
    assert {*answered, last["id"]} <= tasks
    assert Counter(created) == Counter(tasks), "a row without its event, an event without its row, or one twice"
    assert [event["offset"] for event in events] == list(range(1, len(events) + 1))
    assert (await ada.get(project.path))["task_count"] == len(tasks)
    assert seen == events


async def write_until_killed(server: Server, person: Person, project: Project) -> list[str]:
    """Create tasks concurrently and kill the server meanwhile. Returns the ids of answered creations."""
    answered: list[str] = []
    in_the_middle = asyncio.Event()

    async def write() -> None:
        for _ in range(WRITES_EACH):
            try:
                answered.append((await person.create_task(project))["id"])
            except httpx.TransportError:  # killed before the answer: the outcome is unknown
                return
            if len(answered) == ANSWERED_BEFORE_THE_KILL:
                in_the_middle.set()

    async with asyncio.TaskGroup() as writers:
        for _ in range(WRITERS):
            writers.create_task(write())
        await in_the_middle.wait()
        await server.kill()
    assert len(answered) < WRITERS * WRITES_EACH, "all was written before the kill"
    return answered
