"""A short run of tests/torture; `make torture` runs the long one."""

import asyncio
import random
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from roomful.concurrency.task_scope import TaskScope
from tests.conftest import Backend, absent
from tests.support.api import Person
from tests.support.server import Server
from tests.torture.clock import Clock
from tests.torture.cluster import Form, running_cluster
from tests.torture.document_links import Wire
from tests.torture.report import render
from tests.torture.trial import run_trial
from tests.torture.typists import Typist, TypistKind

SEED = 5868
"""Draws the quick faults first, since a restart of a node may take most of the time."""


@pytest.fixture
def backend() -> Backend:
    """For the clock's own test; the trial has its own databases."""
    return "sqlite"


@pytest.mark.timeout(400)
@pytest.mark.parametrize("form", ["nodes", "sqlite"])
async def test_promise_is_kept_while_things_break(form: Form, tmp_path: Path) -> None:
    try:
        trial = await run_trial(form, seconds=15, seed=SEED, directory=tmp_path)
    except ImportError as missing:
        absent(str(missing))
    print(render(trial))
    assert trial.verdict.is_clean, render(trial)
    assert trial.verdict.events > 20
    assert trial.verdict.acknowledged > 20
    assert trial.history.faults


@pytest.mark.parametrize("wire", ["y-websocket", "hocuspocus"])
async def test_a_viewer_who_has_more_than_the_server_counts_as_level(wire: Wire, tmp_path: Path) -> None:
    """They have seen what somebody typed at a node that was killed before it was stored."""
    async with running_cluster("sqlite", tmp_path) as cluster:
        api = cluster.nodes[0].server.api
        ada, vic = await api.register("ada"), await api.register("vic")
        project = await ada.create_project()
        await ada.add_member(project, vic, "viewer")
        document = await ada.post(f"{project.path}/documents", {"title": "Manuscript"})
        rng = random.Random(SEED)
        typist = Typist(TypistKind(wire, "steady", types=False), vic, document["id"], cluster, rng)
        with closing(typist.replica):
            typist.replica.edit("unheard ", rng)
            async with TaskScope("typist") as task_scope:
                task_scope.spawn(typist.run())
                async with asyncio.timeout(30):
                    while typist.lag:  # noqa: ASYNC110  # plain state
                        await asyncio.sleep(0.02)
        assert typist.manuscript.refused == 1


async def test_a_clock_is_stepped_under_a_running_server(environment: dict[str, str], tmp_path: Path) -> None:
    """Otherwise the trial's fault of that name would break nothing."""
    clock = Clock(tmp_path / "clock")
    async with Server(tmp_path, {**environment, **clock.environment}) as server:
        ada = await server.api.register("ada")
        right = await made_at(ada)
        clock.step(600)
        ahead = await made_at(ada)
        assert timedelta(seconds=590) < ahead - right < timedelta(seconds=660)
        clock.step(3600)
        await ada.get("/auth/me", expect=401)
        clock.step(0)
        await ada.get("/auth/me")


async def made_at(person: Person) -> datetime:
    """The `created_at` of a project that is created now."""
    project = await person.create_project()
    return datetime.fromisoformat((await person.get(project.path))["created_at"])
