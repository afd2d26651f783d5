"""Streams at one node whose commands arrive at another."""

import asyncio
import time
from collections.abc import Iterator

import httpx
import pytest
import pytest_asyncio

from tests.conftest import environment_for
from tests.support.api import Person, Project
from tests.support.databases import PostgresqlDatabases
from tests.support.server import Server
from tests.support.streams import Kind, StreamSocket
from tests.support.subscribers import Subscriber
from tests.support.valkey import Valkey

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def environment(postgresql_databases: PostgresqlDatabases, valkey_server: Valkey) -> Iterator[dict[str, str]]:
    with postgresql_databases.create() as url:
        yield {**environment_for(url), "ROOMFUL_REDIS_URL": valkey_server.url, "ROOMFUL_PONG_TIMEOUT": "3"}


@pytest_asyncio.fixture(loop_scope="module")
async def ada(two: Server) -> Person:
    return await two.api.register("ada")


@pytest_asyncio.fixture(loop_scope="module")
async def project(ada: Person) -> Project:
    return await ada.create_project()


@pytest.fixture(params=["http_stream", "sse"])
def crossing(request: pytest.FixtureRequest, one: Server, two: Server, ada: Person) -> Subscriber:
    """Receives from one node and sends to the other."""
    kind: Kind = request.param
    return Subscriber("", token=ada.token, socket=StreamSocket(one.url, kind, emulation_url=two.url))


def socket_of(subscriber: Subscriber) -> StreamSocket:
    assert isinstance(subscriber.socket, StreamSocket)
    return subscriber.socket


async def posted(subscriber: Subscriber, text: str) -> httpx.Response:
    return await socket_of(subscriber).post(text)


async def test_commands_and_pongs_find_their_session(
    ada: Person, project: Project, crossing: Subscriber, one: Server
) -> None:
    signal = project.channel.replace("project:", "signal:")
    async with crossing, Subscriber(one.socket_url, token=ada.token) as other:
        await other.subscribe(signal)
        await crossing.subscribe(project.channel)
        for number in range(50):
            await crossing.command("publish", channel=signal, data={"n": number})
            assert (await other.expect_push("pub")).body["data"] == {"n": number}
        pinged_until = time.monotonic() + 5  # more than a ping interval and a pong timeout
        while time.monotonic() < pinged_until:
            task = await ada.create_task(project)
            push = await crossing.next_push()
            assert push.event["data"]["task"]["id"] == task["id"]
            await asyncio.sleep(0.2)


async def test_a_killed_node_differs_from_an_ended_session_and_loses_nothing(
    ada: Person, project: Project, crossing: Subscriber, one: Server, two: Server
) -> None:
    async with crossing:
        await crossing.subscribe(project.channel)
        socket = socket_of(crossing)
        await one.kill()
        await crossing.expect_close(1006)
        began_at = time.monotonic()
        answer = await socket.post("{}")
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
        assert time.monotonic() - began_at < 4
        await ada.create_task(project, "missed")
        socket.url = two.url
        assert (await crossing.reconnect())[project.channel]["recovered"]
        assert (await crossing.expect_push("task.created")).body["offset"] == 2
        ended = dict(socket.address)
    await one.start()
    answer = await one.api.http.post("/emulation", json={**ended, "data": "{}"})
    assert answer.status_code == 204


async def test_without_a_broker_the_other_node_is_out_of_reach(
    ada: Person, crossing: Subscriber, valkey: Valkey
) -> None:
    async with crossing:
        valkey.stop()
        status = 0
        async with asyncio.timeout(20):
            while status != 503:  # until that is noticed, the node counts as gone
                answer = await posted(crossing, "{}")
                status = answer.status_code
                assert status in (404, 503)
        assert answer.json()["code"] == "UNAVAILABLE"
