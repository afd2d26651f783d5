"""The fixtures of the other tests."""

import httpx
from sqlalchemy import text

from roomful.db import schema
from roomful.db.engine import Database
from tests.support.app import Live
from tests.support.server import Server
from tests.support.valkey import Valkey


async def test_database_is_migrated(database: Database) -> None:
    assert await schema.current(database.engine) is not None
    async with database.read() as session:
        assert (await session.scalar(text("SELECT count(*) FROM event"))) == 0


async def test_application_answers(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/openapi.json")).status_code == 200


def test_valkey_comes_back_empty_after_a_stop(valkey: Valkey) -> None:
    with valkey.client() as client:
        client.set("a", "1")
    valkey.stop()
    assert not valkey.is_running
    valkey.start()
    with valkey.client() as client:
        assert client.get("a") is None


def test_valkey_pause_keeps_connections(valkey: Valkey) -> None:
    with valkey.client() as client:
        client.set("a", "1")
        valkey.pause()
        valkey.resume()
        assert client.get("a") == b"1"


def test_valkey_kills_subscribers(valkey: Valkey) -> None:
    with valkey.client() as client, client.pubsub() as listener:
        listener.subscribe("somewhere")
        assert listener.get_message(timeout=5) is not None
        assert valkey.pubsub_connections() == 1
        assert valkey.kill_pubsub_clients() == 1


async def test_application_listens(live: Live) -> None:
    assert (await live.api.http.get("/api/v1/openapi.json")).status_code == 200


async def test_server_process_lives_and_ends(server: Server) -> None:
    assert (await server.terminate()) == 0
    await server.start()
    await server.kill()
    await server.start()
    assert await server.is_ready()
