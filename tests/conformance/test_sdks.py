"""The official SDKs, unmodified, against a real server over a network that breaks."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from roomful.identity.tokens import Tokens
from tests.conformance.sdks import Connect, JavaScriptSdk, MakeSdk, Sdk
from tests.conftest import SECRET_KEY, environment_for
from tests.support.api import Person, Project
from tests.support.databases import SqliteFiles
from tests.support.proxy import Network
from tests.support.server import Server

# One server for all of these, since each has its own people and projects.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    directory = tmp_path_factory.mktemp("server")
    async with Server(directory, environment_for(sqlite_files.create(directory / "roomful.db"))) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def network(server: Server) -> AsyncIterator[Network]:
    async with Network(server.port) as network:
        yield network


@pytest.fixture
def connect(sdk: MakeSdk, network: Network) -> Connect:
    def connect(person: Person, project: Project, *tokens: str) -> Sdk:
        url = f"ws://127.0.0.1:{network.port}/connection/websocket"
        return sdk(url, project.channel, tokens or (person.token,))

    return connect


@pytest_asyncio.fixture(loop_scope="module")
async def ada(server: Server) -> Person:
    return await server.api.register("ada")


@pytest_asyncio.fixture(loop_scope="module")
async def project(ada: Person) -> Project:
    return await ada.create_project("Apollo")


async def test_events_arrive_as_they_happen(ada: Person, project: Project, connect: Connect) -> None:
    async with connect(ada, project) as sdk:
        subscribed = await sdk.expect("subscribed")
        assert (subscribed["recoverable"], subscribed["offset"]) == (True, 1)
        task = await ada.create_task(project, "Zähl rückwärts 🚀")
        publication = await sdk.expect("publication")
    assert publication["offset"] == 2
    assert publication["data"]["data"]["task"] == task
    assert [publication["data"]] == await ada.events(project, after=1)


async def test_events_missed_in_a_cut_network_are_recovered(
    ada: Person, project: Project, connect: Connect, network: Network
) -> None:
    async with connect(ada, project) as sdk:
        await sdk.expect("subscribed")
        await ada.create_task(project, "Before")
        assert (await sdk.expect("publication"))["offset"] == 2

        network.cut()
        await sdk.expect("connecting")
        for number in range(3):
            await ada.create_task(project, f"Meanwhile {number}")
        network.restore()

        subscribed = await sdk.expect("subscribed")
        assert (subscribed["was_recovering"], subscribed["recovered"]) == (True, True)
        assert [(await sdk.expect("publication"))["offset"] for _ in range(3)] == [3, 4, 5]
        await ada.create_task(project, "After")
        assert (await sdk.expect("publication"))["offset"] == 6


async def test_publications_may_come_as_deltas(ada: Person, project: Project, sdk: MakeSdk, network: Network) -> None:
    url = f"ws://127.0.0.1:{network.port}/connection/websocket"
    task = await ada.create_task(project, "Zähl rückwärts 🚀", description="und zwar von zehn bis null 🚀 " * 20)
    async with sdk(url, project.channel, (ada.token,), takes_deltas=True) as subscriber:
        await subscriber.expect("subscribed")
        heard = []

        async def change_and_hear(*numbers: int) -> None:
            for number in numbers:
                await ada.change_task(project, task, title=f"Zähl rückwärts 🚀, {number}")
                heard.append((await subscriber.expect("publication"))["data"])

        await change_and_hear(0, 1, 2, 3, 4)
        network.cut()
        await subscriber.expect("connecting")
        for number in (5, 6):
            await ada.change_task(project, task, title=f"Zähl rückwärts 🚀, {number}")
        network.restore()
        assert (await subscriber.expect("subscribed"))["recovered"]
        heard += [(await subscriber.expect("publication"))["data"] for _ in range(2)]
        await change_and_hear(7, 8, 9)
        assert heard == await ada.events(project, after=2)
        if isinstance(subscriber, JavaScriptSdk):  # it counts all but 0, the recovered ones, and 7
            assert (await subscriber.ask("deltas"))["result"] == 6


async def test_a_subscriber_that_has_seen_nothing_yet_recovers_too(
    ada: Person, project: Project, connect: Connect, network: Network
) -> None:
    async with connect(ada, project) as sdk:
        await sdk.expect("subscribed")
        network.cut()
        await sdk.expect("connecting")
        await ada.create_task(project)
        network.restore()
        assert (await sdk.expect("subscribed"))["recovered"] is True
        assert (await sdk.expect("publication"))["offset"] == 2


async def test_history(ada: Person, project: Project, connect: Connect) -> None:
    for number in range(4):
        await ada.create_task(project, f"Task {number}")
    async with connect(ada, project) as sdk:
        await sdk.expect("subscribed")
        position = (await sdk.ask("history", limit=0))["result"]
        assert (position["offsets"], position["offset"]) == ([], 5)
        since = {"offset": 2, "epoch": position["epoch"]}
        assert (await sdk.ask("history", limit=2, since=since))["result"]["offsets"] == [3, 4]
        assert (await sdk.ask("history", limit=2, since={**since, "epoch": "another"}))["error"] == 112


async def test_people_see_each_other(ada: Person, project: Project, connect: Connect, server: Server) -> None:
    bob = await server.api.register("bob")
    await ada.add_member(project, bob)
    async with connect(ada, project) as mine:
        await mine.expect("subscribed")
        async with connect(bob, project) as theirs:
            await theirs.expect("subscribed")
            while (joined := await mine.expect("join"))["user"] == ada.id:
                pass
            assert (joined["user"], joined["info"]) == (bob.id, {"name": "Bob"})
            assert sorted((await mine.ask("presence"))["result"]) == sorted([ada.id, bob.id])
        assert (await mine.expect("leave"))["user"] == bob.id


async def test_clients_cannot_publish_events(ada: Person, project: Project, connect: Connect) -> None:
    async with connect(ada, project) as sdk:
        await sdk.expect("subscribed")
        assert (await sdk.ask("publish", data={"type": "task.created"}))["error"] == 103
    assert len(await ada.events(project)) == 1


async def test_a_bad_token_ends_the_connection_for_good(ada: Person, project: Project, connect: Connect) -> None:
    async with connect(ada, project, "junk") as sdk:
        assert (await sdk.expect("disconnected"))["code"] == 3500


async def test_an_expired_token_is_replaced(ada: Person, project: Project, connect: Connect) -> None:
    session_id = (await ada.get("/auth/sessions"))[0]["id"]
    expired = Tokens(SECRET_KEY, access_ttl_seconds=60).issue(ada.id, session_id, ttl_seconds=-60)
    async with connect(ada, project, expired, ada.token) as sdk:
        await sdk.expect("token")
        await sdk.expect("subscribed")


async def test_losing_access_ends_the_subscription(
    ada: Person, project: Project, connect: Connect, server: Server
) -> None:
    bob = await server.api.register("bob")
    await ada.add_member(project, bob)
    async with connect(bob, project) as sdk:
        await sdk.expect("subscribed")
        await ada.remove_member(project, bob)
        assert (await sdk.expect("unsubscribed"))["code"] == 2000


async def test_other_peoples_projects_cannot_be_subscribed_to(
    ada: Person, project: Project, connect: Connect, server: Server
) -> None:
    eve = await server.api.register("eve")
    async with connect(eve, project) as sdk:
        assert (await sdk.expect("unsubscribed"))["code"] == 103
