"""Two nodes on one PostgreSQL and one Redis."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.conftest import environment_for
from tests.support.api import Json, Person, Project
from tests.support.databases import PostgresqlDatabases
from tests.support.server import Server
from tests.support.subscribers import CommandError, PlainSubscriber, Subscriber
from tests.support.valkey import Valkey

pytestmark = [
    pytest.mark.timeout(180),  # two processes start, Redis stops and freezes, entries expire
    # The same nodes for all of these, since each has its own people and projects.
    pytest.mark.asyncio(loop_scope="module"),
]

LOST_SECONDS = 2.0
"""A committed event arrives within this time even if the broker lost it (contract, section 6)."""
SLOWER = 2.5
"""How many times longer a busy machine may take."""


@pytest.fixture(scope="module")
def environment(postgresql_databases: PostgresqlDatabases, valkey_server: Valkey) -> Iterator[dict[str, str]]:
    """Several processes need PostgreSQL."""
    with postgresql_databases.create() as url:
        yield {**environment_for(url), "ROOMFUL_REDIS_URL": valkey_server.url, "ROOMFUL_PONG_TIMEOUT": "5"}


@pytest_asyncio.fixture(loop_scope="module")
async def ada(one: Server) -> Person:
    return await one.api.register("ada")


@pytest_asyncio.fixture(loop_scope="module")
async def project(ada: Person) -> Project:
    return await ada.create_project()


async def becomes_ready(node: Server, ready: bool, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while await node.is_ready() is not ready:  # noqa: ASYNC110  # it is asked, as a load balancer asks it
            await asyncio.sleep(0.1)


async def next_event(subscriber: Subscriber) -> Json:
    """The next push, which must be an event in time."""
    return (await subscriber.next_push(LOST_SECONDS * SLOWER)).event


async def people(person: Person, project: Project, node: Server) -> list[str]:
    """The people present, according to this node."""
    answer = await node.api.http.get(
        f"/api/v1{project.path}/presence", headers={"Authorization": f"Bearer {person.token}"}
    )
    return [present["name"] for present in answer.json()]


async def test_events_cross_nodes_whatever_redis_does(
    valkey: Valkey, one: Server, two: Server, ada: Person, project: Project
) -> None:
    async with (
        Subscriber(two.socket_url, token=ada.token) as far,
        PlainSubscriber(two.socket_url, project.id, token=ada.token) as plain,
        PlainSubscriber(one.socket_url, project.id, token=ada.token) as near,
    ):
        await far.subscribe(project.channel)
        for state in ("whole", "stopped", "whole", "frozen", "whole"):
            match state:
                case "stopped":
                    valkey.stop()
                case "frozen":
                    valkey.pause()
                case _:
                    valkey.reset()
                    await becomes_ready(one, True, 20)
                    await becomes_ready(two, True, 20)
            seconds = []
            for title in ("first", "second", "third"):
                began_at = time.monotonic()
                task = await ada.create_task(project, f"{title}, {state}")
                seconds.append(time.monotonic() - began_at)
                for event in (
                    (await next_event(far)),
                    await plain.expect_event("task.created", seconds=LOST_SECONDS * SLOWER),
                    await near.expect_event("task.created", seconds=LOST_SECONDS * SLOWER),
                ):
                    assert event["data"]["task"]["id"] == task["id"]
            assert min(seconds) < 1, "writes wait for Redis"
            if state != "whole":
                await becomes_ready(one, False, 20)
                await becomes_ready(two, False, 20)
        await plain.expect_silence()


async def test_loss_of_access_crosses_nodes_without_redis(
    valkey: Valkey, one: Server, two: Server, ada: Person, project: Project
) -> None:
    bob = await one.api.register("bob")
    await ada.add_member(project, bob)
    async with Subscriber(two.socket_url, token=bob.token) as far:
        await far.subscribe(project.channel)
        valkey.stop()
        await ada.remove_member(project, bob)
        await far.expect_push("unsubscribe", seconds=LOST_SECONDS * SLOWER)
        await ada.create_task(project)
        await far.expect_silence(LOST_SECONDS)


async def test_nobody_enters_on_what_was_cached_before_redis_went_away(
    valkey: Valkey, one: Server, two: Server, ada: Person, project: Project
) -> None:
    bob = await one.api.register("bob")
    await ada.add_member(project, bob)
    async with (
        Subscriber(two.socket_url, token=bob.token) as early,
        Subscriber(two.socket_url, token=bob.token) as late,
    ):
        await early.subscribe(project.channel)
        await early.unsubscribe(project.channel)  # this node still follows the channel
        valkey.stop()
        await ada.remove_member(project, bob)
        with pytest.raises(CommandError):
            await late.subscribe(project.channel)


async def test_presence_is_the_same_on_both_nodes_and_changes_are_published_once(
    one: Server, two: Server, ada: Person, project: Project
) -> None:
    bob = await one.api.register("bob")
    await ada.add_member(project, bob)
    async with Subscriber(one.socket_url, token=ada.token) as watcher:
        await watcher.subscribe(project.channel, join_leave=True)
        assert (await watcher.expect_push("join")).body["info"]["user"] == ada.id
        async with Subscriber(one.socket_url, token=bob.token) as near:
            await near.subscribe(project.channel)
            assert (await watcher.expect_push("join")).body["info"]["user"] == bob.id
            async with Subscriber(two.socket_url, token=bob.token) as far:
                await far.subscribe(project.channel)
                assert await people(ada, project, one) == await people(ada, project, two) == ["Ada", "Bob"]
                await near.unsubscribe(project.channel)
                await watcher.expect_silence(1)
                await far.unsubscribe(project.channel)
                assert (await watcher.expect_push("leave")).body["info"]["user"] == bob.id
        await watcher.expect_silence()


async def test_nobody_leaves_and_joins_when_a_node_restarts(
    one: Server, two: Server, ada: Person, project: Project
) -> None:
    bob = await one.api.register("bob")
    await ada.add_member(project, bob)
    async with Subscriber(one.socket_url, token=ada.token) as watcher:
        await watcher.subscribe(project.channel, join_leave=True)
        await watcher.expect_push("join")
        async with Subscriber(two.socket_url, token=bob.token) as moving:
            await moving.subscribe(project.channel)
            await watcher.expect_push("join")
            assert await two.terminate() == 0
            await moving.expect_close(3001)
        await watcher.expect_silence(3)  # while bob's client backs off
        async with Subscriber(one.socket_url, token=bob.token) as back:
            await back.subscribe(project.channel)
            await watcher.expect_silence(9)
            assert await people(ada, project, one) == ["Ada", "Bob"]


async def test_people_of_a_killed_node_are_gone_within_30_seconds(
    one: Server, two: Server, ada: Person, project: Project
) -> None:
    bob = await one.api.register("bob")
    await ada.add_member(project, bob)
    async with (
        Subscriber(one.socket_url, token=ada.token) as watcher,
        Subscriber(two.socket_url, token=bob.token) as ghost,
    ):
        await watcher.subscribe(project.channel, join_leave=True)
        await watcher.expect_push("join")
        await ghost.subscribe(project.channel)
        await watcher.expect_push("join")
        await two.kill()
        assert (await watcher.expect_push("leave", seconds=30)).body["info"]["user"] == bob.id
        assert await people(ada, project, one) == ["Ada"]
        await watcher.expect_silence(2)


async def test_workers_of_one_node_share_everything(
    environment: dict[str, str], valkey: Valkey, tmp_path: Path
) -> None:
    async with Server(tmp_path, environment, arguments=["--workers", "2"]) as node:
        ada = await node.api.register("ada")
        project = await ada.create_project()
        # The kernel spreads them over both workers.
        subscribers = [Subscriber(node.socket_url, token=ada.token) for _ in range(12)]
        for subscriber in subscribers:
            await subscriber.connect()
            await subscriber.subscribe(project.channel)
        task = await ada.create_task(project)
        for subscriber in subscribers:
            assert (await subscriber.next_push()).event["data"]["task"]["id"] == task["id"]
        count = 0
        async with asyncio.timeout(20):
            while count < len(subscribers):  # a worker waits only for its own entries
                [person] = await ada.get(f"{project.path}/presence")
                count = len(person["connections"])
        assert count == len(subscribers)
        for subscriber in subscribers:
            await subscriber.close()
