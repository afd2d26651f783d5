"""The database queries of opening a socket or a stream, and access meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.pool import ConnectionPoolEntry
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from roomful.gateway import project_policy
from roomful.settings import Settings
from tests.support.api import API, Person, Project
from tests.support.app import Live, serving
from tests.support.subscribers import PlainSubscriber, Subscriber

Open = Callable[[Live, Person, Project], AbstractAsyncContextManager[None]]


class Refused(Exception):
    """With this status."""


@asynccontextmanager
async def plain(live: Live, person: Person, project: Project) -> AsyncIterator[None]:
    try:
        async with connect(f"{live.socket_url}/ws/projects/{project.id}?token={person.token}"):
            yield
    except InvalidStatus as refused:
        raise Refused(refused.response.status_code) from None


@asynccontextmanager
async def events(live: Live, person: Person, project: Project) -> AsyncIterator[None]:
    headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {person.token}"}
    async with person.http.stream("GET", f"{API}{project.path}/events", headers=headers) as response:
        if response.status_code != 200:
            raise Refused(response.status_code)
        yield


@asynccontextmanager
async def client(live: Live, person: Person, project: Project) -> AsyncIterator[None]:
    async with Subscriber(live.socket_url, token=person.token) as subscriber:
        await subscriber.subscribe(project.channel)
        yield


@dataclass
class Questions:
    """The queries by others than background loops, and how many ran at once."""

    asked: int = 0
    most_at_once: int = 0
    asking: set[int] = field(default_factory=set)


def is_in_background(live: Live, task: asyncio.Task[Any] | None) -> bool:
    """Whether it is a loop of the process, or a task that a cursor over the log has started: both may be late."""
    return task is None or task in live.runtime.loops._tasks or "Cursor." in repr(task.get_coro())


@contextmanager
def questions(live: Live) -> Iterator[Questions]:
    counted = Questions()
    engine = live.runtime.database.engine.sync_engine

    def checkout(_connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        if not is_in_background(live, asyncio.current_task()):
            counted.asked += 1
            counted.asking.add(id(record))
            counted.most_at_once = max(counted.most_at_once, len(counted.asking))

    def checkin(_connection: Any, record: ConnectionPoolEntry) -> None:
        counted.asking.discard(id(record))

    event.listen(engine, "checkout", checkout)
    event.listen(engine, "checkin", checkin)
    yield counted
    event.remove(engine, "checkout", checkout)
    event.remove(engine, "checkin", checkin)


async def all_live(live: Live, count: int) -> None:
    """Wait until this many project subscriptions are live: the work after an upgrade is done then."""
    hub = live.runtime.engine.hub
    async with asyncio.timeout(10):
        while sum(each.is_live for channel in hub._channels for each in channel.subscriptions) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("way", [plain, events, client])
async def test_entering_a_followed_project_needs_no_query(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, way: Open
) -> None:
    for name in ("NAME_SECONDS", "MEMBERSHIP_SECONDS", "UNREAD_SECONDS"):  # however slow the machine
        monkeypatch.setattr(project_policy, name, 3600.0)
    async with serving(settings) as live, AsyncExitStack() as stack:
        ada = await live.api.register("ada")
        project = await ada.create_project()
        each = 2 if way is client else 1
        for _ in range(2):  # the first enters before its project is followed; the second's answer is cached
            await stack.enter_async_context(way(live, ada, project))
        await all_live(live, 2 * each)
        with questions(live) as counted:
            for number in range(3, 23):
                await stack.enter_async_context(way(live, ada, project))
                await all_live(live, number * each)
        assert counted.asked == 0


async def test_a_crowd_entering_many_projects_leaves_the_pool_to_others(live: Live) -> None:
    ada = await live.api.register("ada")
    projects = [await ada.create_project(f"project {number}") for number in range(20)]
    readers = [PlainSubscriber(live.socket_url, each.id, token=ada.token) for each in projects for _ in range(3)]
    with questions(live) as counted:
        async with asyncio.TaskGroup() as tasks:
            for reader in readers:
                tasks.create_task(reader.socket.open())
        await all_live(live, len(readers))
    # One query at a time for people, for memberships and for positions.
    assert counted.most_at_once <= 3
    for reader in readers:
        await reader.socket.close()


@pytest.mark.parametrize("way", [plain, events])
async def test_cached_access_ends_with_the_access(live: Live, way: Open) -> None:
    ada, bob = await live.api.register("ada"), await live.api.register("bob")
    project = await ada.create_project()
    await ada.add_member(project, bob)
    async with way(live, ada, project):
        await all_live(live, 1)
        for _ in range(2):
            async with way(live, bob, project):
                pass
        await ada.remove_member(project, bob)
        with pytest.raises(Refused, match="404"):
            async with way(live, bob, project):
                pass
        await ada.add_member(project, bob)
        async with way(live, bob, project):
            pass
        await bob.post("/auth/logout", {"refresh_token": bob.refresh_token}, expect=204)
        with pytest.raises(Refused, match="401"):
            async with way(live, bob, project):
                pass
