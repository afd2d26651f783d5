"""Documents on two nodes, with one PostgreSQL and one Redis."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from roomful.service_urls import postgresql_dsn
from tests.conftest import environment_for
from tests.support.api import Person, Project
from tests.support.databases import PostgresqlDatabases
from tests.support.document_clients import WIRES, DocumentClient, Wire
from tests.support.documents import create_document
from tests.support.server import Server
from tests.support.valkey import Valkey

pytestmark = [
    pytest.mark.timeout(180),
    # The nodes are the same for all of these, since each has people and documents of its own.
    pytest.mark.asyncio(loop_scope="module"),
]

LOST_SECONDS = 2.0
"""Committed updates arrive, and lost access ends, within this time, even if Redis lost the message."""
SLOWER = 2.5
"""How many times longer a busy machine may take."""


@pytest.fixture(scope="module")
def database_url(postgresql_databases: PostgresqlDatabases) -> Iterator[str]:
    with postgresql_databases.create() as url:
        yield url


@pytest.fixture(scope="module")
def environment(database_url: str, valkey_server: Valkey) -> dict[str, str]:
    return {**environment_for(database_url), "ROOMFUL_REDIS_URL": valkey_server.url, "ROOMFUL_PONG_TIMEOUT": "5"}


@pytest_asyncio.fixture(loop_scope="module")
async def ada(one: Server) -> Person:
    return await one.api.register("ada")


@pytest_asyncio.fixture(loop_scope="module")
async def project(ada: Person) -> Project:
    return await ada.create_project()


@pytest_asyncio.fixture(loop_scope="module")
async def document(ada: Person, project: Project) -> str:
    return await create_document(ada, project)


@asynccontextmanager
async def nobody_commits(database_url: str, document: str) -> AsyncIterator[None]:
    """Hold the lock of the document's row."""
    connection = await asyncpg.connect(postgresql_dsn(database_url))
    try:
        async with connection.transaction():
            await connection.execute("SELECT 1 FROM room WHERE id = $1 FOR UPDATE", document)
            yield
    finally:
        await connection.close()


@pytest.mark.parametrize("wire", WIRES)
async def test_text_crosses_nodes_whatever_redis_does(
    valkey: Valkey, one: Server, two: Server, ada: Person, document: str, wire: Wire
) -> None:
    async with (
        DocumentClient(one.socket_url, document, token=ada.token, wire=wire) as writer,
        DocumentClient(one.socket_url, document, token=ada.token) as near,
        DocumentClient(two.socket_url, document, token=ada.token, wire=wire) as far,
    ):
        for state in ("whole", "stopped", "whole", "frozen", "whole"):
            match state:
                case "stopped":
                    valkey.stop()
                case "frozen":
                    valkey.pause()
                case _:
                    valkey.reset()
            for word in ("one ", "two ", "three "):
                await writer.insert(word)
                await writer.is_stored(LOST_SECONDS * SLOWER)
                await near.reads(str(writer.text), LOST_SECONDS * SLOWER)
                await far.reads(str(writer.text), LOST_SECONDS * SLOWER)
            # A deletion changes no state vector.
            await writer.delete_all()
            await far.reads("", LOST_SECONDS * SLOWER)


async def test_people_on_both_nodes_type_at_once(
    valkey: Valkey, one: Server, two: Server, ada: Person, document: str
) -> None:
    async with (
        DocumentClient(one.socket_url, document, token=ada.token, wire="yjs") as first,
        DocumentClient(two.socket_url, document, token=ada.token, wire="hocuspocus") as second,
    ):

        async def type_words(client: DocumentClient) -> None:
            for _ in range(40):
                await client.insert("word ")
                await asyncio.sleep(0.01)
            await client.is_stored()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(type_words(first))
            tasks.create_task(type_words(second))
            await asyncio.sleep(0.1)
            valkey.kill_pubsub_clients()
        await first.becomes(lambda: len(str(first.text)) == 400)
        await second.becomes(lambda: len(str(second.text)) == 400)
        assert str(first.text) == str(second.text)
    async with DocumentClient(two.socket_url, document, token=ada.token) as later:
        assert str(later.text) == str(first.text)


async def test_who_is_where_crosses_nodes_and_a_killed_node_takes_its_people_along(
    valkey: Valkey, one: Server, two: Server, ada: Person, project: Project, document: str
) -> None:
    bob = await one.api.register("bob")
    await ada.add_member(project, bob)
    async with (
        DocumentClient(one.socket_url, document, token=ada.token) as watcher,
        DocumentClient(two.socket_url, document, token=bob.token, wire="hocuspocus") as ghost,
    ):
        await ghost.show(cursor=1, user={"name": "Ada", "color": "#f00"})
        await watcher.becomes(lambda: ghost.doc.client_id in watcher.states, LOST_SECONDS * SLOWER)
        assert watcher.states[ghost.doc.client_id] == {
            "cursor": 1,
            "user": {"id": bob.id, "name": "Bob", "color": "#f00"},
        }
        # Somebody who comes to a node that has not heard it is told, too.
        async with DocumentClient(one.socket_url, document, token=ada.token) as late:
            await late.becomes(lambda: ghost.doc.client_id in late.states, LOST_SECONDS * SLOWER)
        await two.kill()
        killed_at = time.monotonic()
        await watcher.becomes(lambda: ghost.doc.client_id not in watcher.states, 40)
        assert time.monotonic() - killed_at < 31 * 1.2


async def test_lost_access_crosses_nodes_without_redis(
    valkey: Valkey, one: Server, two: Server, ada: Person, project: Project, document: str
) -> None:
    bob, cleo = await one.api.register("bob"), await one.api.register("cleo")
    for person in (bob, cleo):
        await ada.add_member(project, person)
    async with (
        DocumentClient(two.socket_url, document, token=bob.token) as removed,
        DocumentClient(two.socket_url, document, token=cleo.token, wire="hocuspocus") as lowered,
    ):
        valkey.stop()
        await ada.remove_member(project, bob)
        await removed.expect_close(4403, LOST_SECONDS * SLOWER)
        await ada.patch(f"{project.path}/members/{cleo.id}", {"role": "viewer"})
        await lowered.becomes(lambda: lowered.scope == "readonly", LOST_SECONDS * SLOWER)
        await cleo.request("POST", "/auth/logout")
        assert await lowered.expect_end(4401, LOST_SECONDS * SLOWER) == "sign-in ended"


@pytest.mark.parametrize("wire", WIRES)
async def test_killed_node_loses_only_what_it_had_not_acknowledged(
    one: Server, two: Server, ada: Person, document: str, database_url: str, wire: Wire
) -> None:
    async with (
        DocumentClient(one.socket_url, document, token=ada.token, wire=wire) as writer,
        DocumentClient(two.socket_url, document, token=ada.token, wire=wire) as far,
    ):
        await writer.insert("stored")
        await writer.is_stored()
        await far.reads("stored")
        async with DocumentClient(one.socket_url, document, token=ada.token) as near:
            async with nobody_commits(database_url, document):
                await writer.insert(" and not")
                await near.reads("stored and not")  # applied
                assert writer.stored < writer.sent
                await one.kill()
            await near.expect_close(1006)
        await writer.drop()
        assert str(far.text) == "stored"  # and not published
        async with DocumentClient(two.socket_url, document, token=ada.token) as late:
            assert str(late.text) == "stored"
        await one.start()
        await writer.connect()  # as a provider does, which has kept it
        await writer.is_stored()
        await far.reads("stored and not", LOST_SECONDS * SLOWER)


async def test_workers_of_one_node_share_a_document(
    environment: dict[str, str], valkey: Valkey, tmp_path: Path
) -> None:
    async with Server(tmp_path, environment, arguments=["--workers", "2"]) as node:
        ada = await node.api.register("ada")
        document = await create_document(ada, await ada.create_project())
        # The kernel spreads them over both workers.
        clients = [DocumentClient(node.socket_url, document, token=ada.token) for _ in range(8)]
        for client in clients:
            await client.connect()
        for client in clients:
            await client.insert("x")
            await client.is_stored()
        for client in clients:
            await client.reads("x" * len(clients))
            await client.close()
