"""Inboxes on two nodes, one of which is killed again and again."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import environment_for
from tests.support.api import Person, Project
from tests.support.databases import PostgresqlDatabases
from tests.support.server import Server
from tests.support.subscribers import Subscriber
from tests.support.valkey import Valkey

pytestmark = [pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="module")]

KILLS = 3
TASKS_EACH = 12
SECONDS = 60


@pytest.fixture(scope="module")
def environment(postgresql_databases: PostgresqlDatabases, valkey_server: Valkey) -> Iterator[dict[str, str]]:
    """Several processes need PostgreSQL."""
    with postgresql_databases.create() as url:
        yield {**environment_for(url), "ROOMFUL_REDIS_URL": valkey_server.url, "ROOMFUL_PONG_TIMEOUT": "5"}


async def test_the_death_of_a_node_neither_loses_nor_doubles_an_entry(one: Server, two: Server) -> None:
    ada, bob = await one.api.register("ada"), await one.api.register("bob")
    project = await ada.create_project()
    async with Subscriber(two.socket_url, token=bob.token) as device:
        await ada.add_member(project, bob)
        for number in range(KILLS):
            await assign_until_killed(one, ada, bob, project, number)
            await one.start()
        await ada.create_task(project, "last", assignee_id=bob.id)

        created: list[str] = []
        async with asyncio.timeout(SECONDS):
            while "last" not in created:
                event = (await device.expect_push("notification.created", f"user:{bob.id}")).event
                created.append(event["data"]["notification"]["subject"]["title"])

            # Those of a killed node may come after the last one: another project's round finds them.
            stored = await all_titles(bob)
            while len(created) < len(stored):
                event = (await device.expect_push("notification.created", f"user:{bob.id}")).event
                created.append(event["data"]["notification"]["subject"]["title"])
    assert Counter(created) == Counter(stored)
    tasks = (await ada.snapshot(project))["tasks"]
    assert sorted(stored) == sorted([*(task["title"] for task in tasks), "Apollo"])


async def assign_until_killed(node: Server, ada: Person, bob: Person, project: Project, number: int) -> None:
    """Assign tasks by a node that is killed meanwhile."""
    answered = 0
    half_way = asyncio.Event()

    async def assign(writer: int) -> None:
        nonlocal answered
        for count in range(TASKS_EACH):
            try:
                await ada.create_task(project, f"{number}.{writer}.{count}", assignee_id=bob.id)
            except httpx.TransportError:  # killed before the answer
                return
            answered += 1
            if answered == TASKS_EACH:
                half_way.set()

    async with asyncio.TaskGroup() as writers:
        for writer in range(4):
            writers.create_task(assign(writer))
        await half_way.wait()
        await node.kill()


async def all_titles(person: Person) -> list[str]:
    titles: list[str] = []
    query = "?limit=200"
    while query:
        answer = await person.request("GET", f"/notifications{query}")
        titles += [entry["subject"]["title"] for entry in answer.json()]
        link = answer.headers.get("Link", "")
        query = link[1 : link.index(">")] if link else ""
    return titles
