"""`python -m tests.torture`: the torture test on the command line."""

import asyncio
import logging
import random
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from tests.torture.cluster import Form
from tests.torture.report import render
from tests.torture.trial import Trial, run_trial


def main(
    seconds: Annotated[float, typer.Option(min=1, help="How long things break, on each form.")] = 600,
    seed: Annotated[int | None, typer.Option(help="Repeats what was drawn before; else it is random.")] = None,
    keep: Annotated[Path | None, typer.Option(help="A directory for the servers' logs, which are lost else.")] = None,
    form: Annotated[Form | None, typer.Option(help="Only this one; else both.")] = None,
) -> None:
    """Break everything around the server for a while, and judge what its readers got (docs/torture.md)."""
    seed = random.randrange(10**6) if seed is None else seed
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    logging.getLogger("tests.torture").setLevel(logging.INFO)
    typer.echo(f"seed {seed}")
    is_clean = True
    forms: tuple[Form, ...] = ("nodes", "sqlite") if form is None else (form,)
    for each in forms:
        with tempfile.TemporaryDirectory(prefix="roomful-torture-") as directory:
            trial: Trial = asyncio.run(run_trial(each, seconds=seconds, seed=seed, directory=Path(directory)))
            if keep is not None:
                shutil.copytree(directory, keep / each, dirs_exist_ok=True)
        typer.echo(f"\n{render(trial)}")
        is_clean = is_clean and trial.verdict.is_clean
    raise typer.Exit(0 if is_clean else 1)


if __name__ == "__main__":
    typer.run(main)
