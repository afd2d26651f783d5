"""The trial of tests/torture, as short as it can be and still break something: `make torture` runs the long one."""

from pathlib import Path

import pytest

from tests.conftest import absent
from tests.torture.cluster import Form
from tests.torture.report import render
from tests.torture.trial import run_trial

SEED = 111
"""Draws the quick faults first, since a restart of a node may take most of the time that there is."""


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
