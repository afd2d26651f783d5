"""Stock editors at two nodes: what one node is told the windows at the other one show."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.conformance.desk import Desk, make_document
from tests.conformance.providers import Providers, until_level
from tests.conftest import environment_for
from tests.support.databases import PostgresqlDatabases
from tests.support.proxy import Network
from tests.support.server import Server
from tests.support.valkey import Valkey

pytestmark = pytest.mark.timeout(180)

WITHOUT_BROKER_SECONDS = 5.0
"""Rows are read again within 2 s while Redis is away; the rest is for a busy machine."""


@pytest.fixture
def environment(postgresql_databases: PostgresqlDatabases, valkey: Valkey) -> Iterator[dict[str, str]]:
    with postgresql_databases.create() as url:
        yield {**environment_for(url), "ROOMFUL_REDIS_URL": valkey.url}


@pytest.fixture
async def providers(stock_providers: None) -> AsyncIterator[Providers]:
    async with Providers() as providers:
        yield providers


@pytest.fixture
async def desks(environment: dict[str, str], tmp_path: Path, providers: Providers) -> AsyncIterator[tuple[Desk, Desk]]:
    """The same document, seen from either node."""
    async with Server(tmp_path, environment) as one, Server(tmp_path, environment) as two:
        owner = await one.api.register("ada")
        project = await owner.create_project()
        document = await make_document(owner, project)
        yield Desk(one, providers, owner, project, document), Desk(two, providers, owner, project, document)


async def test_windows_at_two_nodes_show_the_same(desks: tuple[Desk, Desk]) -> None:
    here, there = desks
    windows = [await desk.synced(kind) for desk in desks for kind in ("y-websocket", "hocuspocus")]
    for number, window in enumerate(windows):
        await window.type(f"{number} ")
    assert len(await until_level(windows)) == 8
    await windows[0].delete(0, 2)  # which no state vector tells of
    assert len(await until_level(windows)) == 6
    await windows[0].show({"cursor": 1})
    client_id = (await windows[0].state()).client_id
    state = await windows[-1].until(lambda state: state.seen(client_id) is not None)
    assert state.seen(client_id) == {"cursor": 1, "user": {"id": here.owner.id, "name": "Ada"}}
    await windows[0].go_offline()
    await windows[-1].until(lambda state: state.seen(client_id) is None, seconds=5)
    assert there.document_id == here.document_id


async def test_windows_at_two_nodes_while_redis_is_away(desks: tuple[Desk, Desk], valkey: Valkey) -> None:
    here, there = desks
    one, other = await here.synced("y-websocket"), await there.synced("hocuspocus")
    await one.type("before ")
    await until_level([one, other])
    valkey.stop()
    await one.type("meanwhile ")
    await other.until(lambda state: "meanwhile" in state.text, seconds=WITHOUT_BROKER_SECONDS)
    await other.delete(0, 7)
    await one.until(lambda state: state.text == "meanwhile ", seconds=WITHOUT_BROKER_SECONDS)
    valkey.start()
    await other.type("after")
    assert await until_level([one, other]) == "meanwhile after"


async def test_windows_of_a_node_that_is_killed_go_on_at_the_other(desks: tuple[Desk, Desk]) -> None:
    here, there = desks
    async with Network(here.server.port, there.server.port) as balancer:
        here.url = f"ws://127.0.0.1:{balancer.port}"
        windows = [await here.synced(kind) for kind in ("y-websocket", "hocuspocus", "y-websocket-3.0", "hocuspocus")]
        for number, window in enumerate(windows):
            await window.type(f"{number} ")
        await until_level(windows)
        await here.server.kill()
        for number, window in enumerate(windows):
            await window.type(f"{number}! ")
        text = await until_level(windows, seconds=60)
        assert len(text) == 4 * 2 + 4 * 3
        for window in windows:
            assert await window.lacks(windows) == 0


async def test_a_member_who_is_removed_at_one_node_is_cut_off_at_the_other(desks: tuple[Desk, Desk]) -> None:
    here, there = desks
    bob = await here.member("bob")
    removed = await there.synced("y-websocket", bob)
    await here.owner.remove_member(here.project, bob)
    state = await removed.until(lambda state: state.stopped is not None, seconds=5)
    assert state.stopped == 4403
