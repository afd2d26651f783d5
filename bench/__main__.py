"""`python -m bench`: measure, show, and write `docs/benchmarks.md`."""

import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from bench import (
    board,
    board_work,
    boards,
    burst,
    connections,
    create_task,
    deploy,
    documents,
    fanout,
    first_load,
    grounds,
    growth,
    hop,
    latency,
    native,
    neighbours,
    notifications,
    opening,
    page,
    plot,
    pubsub,
    search,
    snapshots,
    text,
    writers,
    writing,
)
from bench.crowd import allow_many_sockets
from bench.figures import Table
from bench.grounds import Ground
from bench.native import Programs
from tests.support.browsers import Missing

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"

CONNECTION_ROUNDS = 3
"""Each round restarts every server."""

console = Console(width=None if sys.stdout.isatty() else 140)


PARTS = (
    "create",
    "latency",
    "writers",
    "fanout",
    "growth",
    "opening",
    "board",
    "load",
    "writing",
    "snapshots",
    "pubsub",
    "hop",
    "deploy",
    "documents",
    "text",
    "notifications",
    "search",
)


def main(
    parts: Annotated[
        list[str] | None, typer.Argument(help=f"Of {', '.join(PARTS)}; all, unless some are named.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each comparison.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.1, help="Length of a round.")] = 4.0,
    events: Annotated[int, typer.Option(min=1, help="Events for each latency figure.")] = 300,
    write: Annotated[bool, typer.Option(help=f"Write the figures to {PAGE.parent.name}/{PAGE.name}.")] = True,
) -> None:
    """Measure Roomful on this machine, which should do nothing else meanwhile."""
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
        case "fanout":
            try:
                with native.programs() as programs:
                    yield from uvloop.run(_fan_out(programs, rounds, seconds))
            except native.NoCompiler as missing:
                console.print(f"fanout: left out, {missing}")
        case "growth":
            try:
                with native.programs() as programs:
                    yield uvloop.run(growth.measure(programs, rounds=rounds, seconds=seconds))
            except native.NoCompiler as missing:
                console.print(f"growth: left out, {missing}")
        case "opening":
            try:
                with native.programs() as programs:
                    yield uvloop.run(opening.measure(programs, rounds=rounds))
                    yield uvloop.run(opening.growth(programs, rounds=rounds))
            except native.NoCompiler as missing:
                console.print(f"opening: left out, {missing}")
        case "board":
            try:
                with grounds.sqlite() as ground:
                    yield uvloop.run(board.measure(ground, moves=events))
                    yield uvloop.run(burst.measure(ground))
            except Missing as missing:
                console.print(f"board: {missing}")
        case "load":
            try:
                with grounds.sqlite() as ground:
                    yield from uvloop.run(_on_boards(ground, rounds))
            except Missing as missing:
                console.print(f"load: {missing}")
        case "writing":
            try:
                with grounds.sqlite() as ground:
                    yield uvloop.run(writing.measure(ground, letters=events))
            except Missing as missing:
                console.print(f"writing: {missing}")
        case "snapshots":
            with grounds.sqlite() as ground:
                yield uvloop.run(snapshots.measure(ground))
        case "pubsub":
            with grounds.shared() as ground:
                yield uvloop.run(pubsub.measure(ground, rounds=rounds))
        case "hop":
            with grounds.shared() as ground:
                yield uvloop.run(hop.measure(ground, rounds=rounds, seconds=seconds))
        case "deploy":
            with grounds.shared() as ground:
                yield uvloop.run(deploy.measure(ground))
        case "documents":
            yield from uvloop.run(documents.measure(rounds=rounds, seconds=seconds))
        case "text":
            with grounds.sqlite() as ground:
                yield uvloop.run(text.measure(ground, rounds=rounds))
        case "notifications":
            with _both() as both:
                yield uvloop.run(notifications.measure(both, rounds=rounds, seconds=seconds))
        case "search":
            with _both() as both:
                yield uvloop.run(search.measure(both, rounds=rounds, seconds=seconds))
        case _:
            raise typer.BadParameter(f"{part} is not one of {', '.join(PARTS)}")


async def _fan_out(programs: Programs, rounds: int, seconds: float) -> list[Table]:
    """Fan-out against its targets, then the tables from which the rows of the first are taken."""
    comparison = await fanout.compare(programs, rounds=rounds, seconds=seconds)
    sockets, sockets_found = await connections.measure(programs, rounds=min(rounds, CONNECTION_ROUNDS))
    crowd, crowd_row = await connections.largest_crowd(programs)
    small, small_row = await neighbours.measure(programs, rounds=rounds, seconds=seconds)
    floor_p50_ms = statistics.median(comparison.results[fanout.FLOOR].p50_ms)
    changes, changes_row = await neighbours.changes(programs, rounds=rounds, seconds=seconds, floor_p50_ms=floor_p50_ms)
    columns = ("figure", "target", "reached", "")
    targets = Table("Fan-out against its targets", fanout.TARGETS_METHOD, columns, remarks=fanout.REMARKS)
    targets.rows.extend(fanout.target_rows(comparison.results))
    targets.rows.extend([*connections.target_rows(sockets_found), small_row, crowd_row, changes_row])
    try:
        memory_kib = {name: found.kib for name, found in sockets_found.items()}
        plot.draw(PAGE.parent / fanout.PICTURE, comparison.results, memory_kib)
    except plot.NoMatplotlib as missing:
        console.print(f"the picture is left out: {missing}")
    return [targets, fanout.table(comparison), sockets, crowd, small, changes]


async def _on_boards(ground: Ground, rounds: int) -> list[Table]:
    async with boards.boards(ground) as found:
        return [await first_load.measure(found, rounds=rounds), await board_work.measure(found, rounds=rounds)]


@contextmanager
def _both() -> Iterator[list[Ground]]:
    with grounds.sqlite() as sqlite, grounds.postgresql() as postgresql:
        yield [sqlite, postgresql]


if __name__ == "__main__":
    typer.run(main)
