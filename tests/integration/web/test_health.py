"""Health and readiness."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event, text

from roomful.db import writability
from roomful.realtime.broker.memory import MemoryBroker
from roomful.runtime import Runtime
from roomful.settings import Settings
from roomful.web import health
from tests.integration.web import notes
from tests.support.api import Api
from tests.support.app import client_of, running_app


@pytest.fixture
async def small(settings: Settings) -> AsyncIterator[FastAPI]:
    """An application with two database connections and short timeouts."""
    update = {"database_pool_size": 2, "database_pool_overflow": 0, "database_pool_timeout": 0.5}
    async with running_app(settings.model_copy(update=update)) as app:
        app.include_router(notes.router)
        yield app


def failing(answer: httpx.Response) -> list[str]:
    assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
    assert "Retry-After" in answer.headers
    return [detail["part"] for detail in answer.json()["details"]]


async def test_healthy(client: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/readyz"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_an_exhausted_pool_is_named_and_recovers_alone(small: FastAPI) -> None:
    runtime: Runtime = small.state.runtime
    async with client_of(small) as client:
        async with AsyncExitStack() as held:
            for _ in range(2):
                session = await held.enter_async_context(runtime.database.read())
                await session.execute(text("SELECT 1"))
            assert (await client.get("/healthz")).status_code == 200
            assert failing(await client.get("/readyz")) == ["database_pool"]
            answer = await client.get("/notes")
            assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
            assert answer.headers["Retry-After"]
        assert (await client.get("/readyz")).status_code == 200


async def test_a_write_is_tried_once_in_five_seconds(
    app: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime: Runtime = app.state.runtime
    written: list[str] = []

    @event.listens_for(runtime.database.engine.sync_engine, "before_cursor_execute")
    def note(*arguments: object) -> None:
        written.extend(str(part) for part in arguments if str(part).startswith("UPDATE alembic_version"))

    async with asyncio.TaskGroup() as asking:
        for _ in range(20):
            asking.create_task(client.get("/readyz"))
    assert len(written) == 1
    monkeypatch.setattr(writability, "ASK_SECONDS", 0.0)
    assert (await client.get("/readyz")).status_code == 200
    assert len(written) == 2
    monkeypatch.undo()
    await Api(client).register("ada")  # a write that went through says as much
    assert (await client.get("/readyz")).status_code == 200
    assert len(written) == 2


async def test_a_schema_without_its_migrations_is_named(app: FastAPI, client: httpx.AsyncClient) -> None:
    runtime: Runtime = app.state.runtime
    async with runtime.database.write() as session:
        await session.execute(text("DELETE FROM alembic_version"))
        await session.commit()
    assert failing(await client.get("/readyz")) == ["schema"]


async def test_a_schema_of_the_next_version_is_ready(app: FastAPI, client: httpx.AsyncClient) -> None:
    runtime: Runtime = app.state.runtime
    async with runtime.database.write() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = 'from the future'"))
        await session.commit()
    assert (await client.get("/readyz")).status_code == 200


async def test_a_database_that_lost_its_tables_is_named(app: FastAPI, client: httpx.AsyncClient) -> None:
    runtime: Runtime = app.state.runtime
    async with runtime.database.write() as session:
        await session.execute(text("DROP TABLE alembic_version"))
        await session.commit()
    assert failing(await client.get("/readyz")) == ["database"]


@pytest.mark.parametrize("seconds", [0, 60])
async def test_a_broker_that_does_not_deliver_is_named(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    async def is_healthy(_broker: MemoryBroker) -> bool:
        await asyncio.sleep(seconds)
        return False

    monkeypatch.setattr(MemoryBroker, "is_healthy", is_healthy)
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.5)
    assert failing(await client.get("/readyz")) == ["broker"]
