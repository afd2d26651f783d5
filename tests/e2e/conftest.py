"""Fixtures of the tests with real processes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.processes import wait_until
from tests.support.server import Server
from tests.support.valkey import Valkey

SECONDS = 150


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(SECONDS))


# Two nodes for the tests of a module, with the services of its `environment`.


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def _nodes(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Server, Server]]:
    directory = tmp_path_factory.mktemp("nodes")
    async with Server(directory, environment) as one, Server(directory, environment) as two:
        yield one, two


@pytest_asyncio.fixture(loop_scope="module")
async def one(_nodes: tuple[Server, Server], valkey: Valkey) -> Server:
    return await _brought_up(_nodes[0])


@pytest_asyncio.fixture(loop_scope="module")
async def two(_nodes: tuple[Server, Server], one: Server, valkey: Valkey) -> Server:
    """Nodes stay ready for some seconds after they lost Redis; a change of presence would not reach the other."""
    node = await _brought_up(_nodes[1])
    wait_until(lambda: valkey.pubsub_connections() >= len(_nodes), seconds=20, what="both nodes listen to Redis")
    return node


async def _brought_up(node: Server) -> Server:
    """The node, restored after the test before."""
    if not node.is_running:
        await node.start()
    await node.wait_until_ready()
    return node
