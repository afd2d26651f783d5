"""The trial of tests/torture, as short as it can be and still break something: `make torture` runs the long one."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import Backend, absent
from tests.support.api import Person
from tests.support.server import Server
from tests.torture.clock import Clock
from tests.torture.cluster import Form
from tests.torture.report import render
from tests.torture.trial import run_trial

SEED = 5868
"""Draws the quick faults first, since a restart of a node may take most of the time that there is."""


@pytest.fixture
def backend() -> Backend:
    """For the clock's own test; the trial brings its databases."""
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
    assert trial.history.faults


async def test_a_clock_is_stepped_under_a_running_server(environment: dict[str, str], tmp_path: Path) -> None:
    """Else the trial's fault of that name would break nothing."""
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
    """When a project that is made now says that it was made."""
    project = await person.create_project()
    return datetime.fromisoformat((await person.get(project.path))["created_at"])
