"""The JavaScript SDK over streams, behind a load balancer that alternates between nodes."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.conformance.sdks import Carrier, JavaScriptSdk, Wire
from tests.conftest import environment_for
from tests.support.databases import PostgresqlDatabases
from tests.support.proxy import Network
from tests.support.server import Server
from tests.support.valkey import Valkey

pytestmark = pytest.mark.timeout(150)


@pytest.fixture
def environment(postgresql_databases: PostgresqlDatabases, valkey: Valkey) -> Iterator[dict[str, str]]:
    """Several processes need PostgreSQL."""
    with postgresql_databases.create() as url:
        yield {**environment_for(url), "ROOMFUL_REDIS_URL": valkey.url, "ROOMFUL_PONG_TIMEOUT": "3"}


@pytest.fixture
async def nodes(environment: dict[str, str], tmp_path: Path) -> AsyncIterator[tuple[Server, Server]]:
    async with Server(tmp_path, environment) as one, Server(tmp_path, environment) as two:
        yield one, two


@pytest.mark.parametrize(
    ("carrier", "wire"), [("http_stream", "json"), ("http_stream", "protobuf"), ("sse", "json")], ids=str
)
async def test_no_sticky_sessions_are_needed(
    nodes: tuple[Server, Server], javascript: type[JavaScriptSdk], carrier: Carrier, wire: Wire
) -> None:
    one, two = nodes
    ada = await two.api.register("ada")
    project = await ada.create_project()
    async with Network(one.port, two.port) as balancer:
        url = f"ws://127.0.0.1:{balancer.port}/connection/websocket"
        async with javascript(url, project.channel, (ada.token,), wire=wire, carrier=carrier) as sdk:
            await sdk.expect("subscribed")
            for offset in range(2, 12):
                await ada.create_task(project)
                assert (await sdk.expect("publication"))["offset"] == offset
                answer = await sdk.ask("history", limit=0)
                assert answer.get("result", {}).get("offset") == offset, answer
            await one.kill()  # with its stream
            await sdk.expect("connecting")
            await ada.create_task(project, "missed")
            assert (await sdk.expect("subscribed"))["recovered"]
            assert (await sdk.expect("publication"))["offset"] == 12
