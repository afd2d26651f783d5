"""The tables for a terminal and for `docs/benchmarks.md`."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table as RichTable

from bench import machine
from bench.figures import Table

INTRODUCTION = """\
# Benchmarks

Written by `make bench`. The server has one core to itself, its load has the other, with PostgreSQL; all on one machine,
over loopback. Rounds of what is compared alternate, since such a machine drifts by a quarter within minutes: read the
ratios, and take a small difference for none. Figures are medians of the rounds, with [least–greatest].
"""


def show(console: Console, table: Table) -> None:
    shown = RichTable(title=table.title, title_justify="left")
    for column in table.columns:
        shown.add_column(column)
    for row in table.rows:
        shown.add_row(*row)
    console.print(shown)


def render(tables: Sequence[Table]) -> str:
    parts = [INTRODUCTION, "\n".join(f"- {line}" for line in machine.describe()) + "\n"]
    for table in tables:
        lines = [table.columns, tuple("---" for _ in table.columns), *table.rows]
        parts.append(
            f"## {table.title}\n\n{table.method}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
        )
    return "\n".join(parts)
