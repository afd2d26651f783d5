"""A copy of the database with its key, on the same Redis as the original."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from roomful.realtime.broker.redis import RedisBroker
from roomful.settings import Settings
from tests.conftest import Backend, settings_for
from tests.support.api import Api, Person, Project
from tests.support.app import Live, serving
from tests.support.brokers import becomes
from tests.support.subscribers import PlainSubscriber
from tests.support.valkey import Valkey


@pytest.fixture
def backend() -> Backend:
    """A file is quick to copy."""
    return "sqlite"


def broker_of(live: Live) -> RedisBroker:
    broker = live.runtime.engine.broker
    assert isinstance(broker, RedisBroker)
    return broker


def on_redis(settings: Settings, valkey: Valkey, number: int) -> Settings:
    url = valkey.url.removesuffix("0") + str(number)
    return settings.model_copy(update={"redis_url": SecretStr(url)})


@asynccontextmanager
async def copy_of(production: Live, valkey: Valkey, tmp_path: Path, number: int) -> AsyncIterator[Live]:
    """Like a staging system: the same rows, key and Redis."""
    with (
        closing(sqlite3.connect(tmp_path / "roomful.db")) as original,
        closing(sqlite3.connect(tmp_path / "staging.db")) as copy,
    ):
        original.backup(copy)
    async with serving(on_redis(settings_for(f"sqlite:///{tmp_path}/staging.db"), valkey, number)) as staging:
        yield staging


async def they_do_not_hear_each_other(production: Live, staging: Live, ada: Person, project: Project) -> None:
    async with (
        httpx.AsyncClient(base_url=staging.url, trust_env=False) as http,
        PlainSubscriber(production.socket_url, project.id, token=ada.token) as reader,
        PlainSubscriber(staging.socket_url, project.id, token=ada.token) as staging_reader,
    ):
        ada_there = await Api(http).sign_in(ada.email)
        for number in range(5):
            await ada_there.create_task(project, f"Staging {number}")
            assert (await staging_reader.next_event())["data"]["task"]["title"] == f"Staging {number}"
        for number in range(8):
            await ada.create_task(project, f"Production {number}")
            assert (await reader.next_event())["data"]["task"]["title"] == f"Production {number}"
        await staging_reader.expect_silence()
        await ada_there.create_task(project, "Staging 5")
        assert (await staging_reader.next_event())["data"]["task"]["title"] == "Staging 5"
    for broker in (broker_of(production), broker_of(staging)):
        assert broker.link.counters.received == 0


@pytest.mark.parametrize("number", [0, 1])
async def test_neither_installation_hears_the_other(
    settings: Settings, valkey: Valkey, tmp_path: Path, number: int
) -> None:
    async with serving(on_redis(settings, valkey, 0)) as production:
        ada = await production.api.register("ada")
        project = await ada.create_project()
        async with copy_of(production, valkey, tmp_path, number) as staging:
            await they_do_not_hear_each_other(production, staging, ada, project)
            assert not broker_of(production).link.counters.refused  # they share no name


async def test_a_clone_of_the_machine_is_not_heard(
    settings: Settings, valkey: Valkey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the starts that the original has not read tell its database apart."""

    async def the_same(_database: object) -> bytes:
        return b"the same"

    monkeypatch.setattr("roomful.runtime.fingerprint", the_same)
    async with serving(on_redis(settings, valkey, 0)) as production:
        ada = await production.api.register("ada")
        project = await ada.create_project()
        async with copy_of(production, valkey, tmp_path, 0) as staging:
            await they_do_not_hear_each_other(production, staging, ada, project)
            for live in (production, staging):
                assert broker_of(live).link.counters.refused["stranger"] > 0
                assert set(broker_of(live).link.counters.refused) == {"stranger"}


async def test_a_node_that_has_started_is_heard_within_a_second_or_so(settings: Settings, valkey: Valkey) -> None:
    async with serving(on_redis(settings, valkey, 0)) as one, serving(on_redis(settings, valkey, 0)) as two:
        brokers = [broker_of(one), broker_of(two)]

        def know_each_other() -> bool:
            return brokers[0].is_live(two.runtime.engine.emulation.node) is True and (
                brokers[1].is_live(one.runtime.engine.emulation.node) is True
            )

        await becomes(know_each_other, 5, what="each has heard the other")
        assert brokers[0].link.starts.newest == brokers[1].link.starts.newest
