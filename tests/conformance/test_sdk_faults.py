"""The official SDKs when the server is killed, can't recover everything, or requires a new token."""

from collections.abc import AsyncIterator

import pytest

from tests.conformance.sdks import Connect, MakeSdk, Sdk
from tests.support.api import Person, Project
from tests.support.proxy import Network
from tests.support.server import Server


@pytest.fixture
async def network(server: Server) -> AsyncIterator[Network]:
    async with Network(server.port) as network:
        yield network


@pytest.fixture
def connect(sdk: MakeSdk, network: Network) -> Connect:
    def connect(person: Person, project: Project, *tokens: str) -> Sdk:
        url = f"ws://127.0.0.1:{network.port}/connection/websocket"
        return sdk(url, project.channel, tokens or (person.token,))

    return connect


@pytest.fixture
async def ada(server: Server) -> Person:
    return await server.api.register("ada")


@pytest.fixture
async def project(ada: Person) -> Project:
    return await ada.create_project("Apollo")


async def test_a_killed_server_loses_nothing(ada: Person, project: Project, connect: Connect, server: Server) -> None:
    async with connect(ada, project) as sdk:
        await sdk.expect("subscribed")
        await server.kill()
        await sdk.expect("connecting")
        await server.start()
        assert (await sdk.expect("subscribed"))["recovered"] is True
        await ada.create_task(project)
        assert (await sdk.expect("publication"))["offset"] == 2


class TestFewRecoverable:
    @pytest.fixture
    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return {**environment, "ROOMFUL_RECOVERY_LIMIT": "2"}

    async def test_missing_too_much_is_reported_and_not_half_delivered(
        self, ada: Person, project: Project, connect: Connect, network: Network
    ) -> None:
        async with connect(ada, project) as sdk:
            await sdk.expect("subscribed")
            network.cut()
            await sdk.expect("connecting")
            for number in range(3):
                await ada.create_task(project, f"Meanwhile {number}")
            network.restore()
            subscribed = await sdk.expect("subscribed")
            assert (subscribed["was_recovering"], subscribed["recovered"], subscribed["offset"]) == (True, False, 4)
            await ada.create_task(project)
            assert (await sdk.expect("publication"))["offset"] == 5


class TestShortTokens:
    @pytest.fixture
    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return {**environment, "ROOMFUL_ACCESS_TOKEN_TTL": "5"}

    async def test_a_token_is_refreshed_without_a_break(
        self, ada: Person, project: Project, connect: Connect, server: Server
    ) -> None:
        fresh = (await server.api.sign_in(ada.email)).token
        async with connect(ada, project, ada.token, fresh) as sdk:
            await sdk.expect("subscribed")
            await sdk.expect("token")
            # Another command after the refresh: the connection is the same, and the reply to the refresh has come.
            assert (await sdk.ask("history", limit=0))["result"]["offset"] == 1
            await ada.create_task(project)
            assert (await sdk.expect("publication"))["offset"] == 2
