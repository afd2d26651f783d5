"""`python -m bench`: measure, show, and write `docs/benchmarks.md`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from bench import board, create_task, grounds, latency, page, writers
from bench.crowd import allow_many_sockets
from bench.figures import Table
from bench.grounds import Ground
from tests.support.browsers import Missing

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"

console = Console(width=None if sys.stdout.isatty() else 140)


PARTS = ("create", "latency", "writers", "board")


def main(
    parts: Annotated[
        list[str] | None, typer.Argument(help=f"Of {', '.join(PARTS)}; all, unless some are named.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each comparison.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long one round lasts.")] = 4.0,
    events: Annotated[int, typer.Option(min=1, help="Events for each latency figure.")] = 300,
    write: Annotated[bool, typer.Option(help=f"Write the figures to {PAGE.parent.name}/{PAGE.name}.")] = True,
) -> None:
    """Measure Roomful on this machine. Leave it alone meanwhile."""
    allow_many_sockets()
    for part in parts or PARTS:
        for table in _tables(part, rounds, seconds, events):
            page.show(console, table)
            if write:
                page.put(PAGE, table)
                console.print(f"written to {PAGE}")


def _tables(part: str, rounds: int, seconds: float, events: int) -> Iterator[Table]:
    match part:
        case "create":
            with _both() as both:
                yield uvloop.run(create_task.measure(both, rounds=rounds, seconds=seconds))
        case "latency":
            with _both() as both:
                yield uvloop.run(latency.measure(both, events=events))
        case "writers":
            with grounds.sqlite() as ground:
                yield uvloop.run(writers.measure(ground, rounds=rounds, seconds=seconds))
        case "board":
            try:
                with grounds.sqlite() as ground:
                    yield uvloop.run(board.measure(ground, moves=events))
            except Missing as missing:
                console.print(f"board: {missing}")
        case _:
            raise typer.BadParameter(f"{part} is none of {', '.join(PARTS)}")


@contextmanager
def _both() -> Iterator[list[Ground]]:
    with grounds.sqlite() as sqlite, grounds.postgresql() as postgresql:
        yield [sqlite, postgresql]


typer.run(main)
