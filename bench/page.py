"""The tables for a terminal and for `docs/benchmarks.md`."""

from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable

from bench import machine
from bench.figures import Table

INTRODUCTION = """\
# Benchmarks

Written by `make bench`. The server has one core to itself, its load has the other, with PostgreSQL; all on one machine,
over loopback. Rounds alternate between the things compared, since such a machine drifts by a quarter within minutes:
read the ratios, and ignore small differences. Figures are medians of the rounds, with [least–greatest].
"""


def show(console: Console, table: Table) -> None:
    shown = RichTable(title=table.title, title_justify="left")
    for column in table.columns:
        shown.add_column(column)
    for row in table.rows:
        shown.add_row(*row)
    console.print(shown)


def put(path: Path, table: Table) -> None:
    """Write a table into the page, replacing the one with its title."""
    path.parent.mkdir(exist_ok=True)
    sections = _sections(path.read_text() if path.exists() else "")
    sections[table.title] = _section(table)
    machine_lines = "\n".join(f"- {line}" for line in machine.describe())
    path.write_text("\n".join([INTRODUCTION, f"{machine_lines}\n", *sections.values()]))


def _sections(text: str) -> dict[str, str]:
    """The page's sections by title."""
    found = {}
    for section in text.split("\n## ")[1:]:
        found[section.partition("\n")[0]] = f"## {section.strip()}\n"
    return found


def _section(table: Table) -> str:
    lines = [table.columns, tuple("---" for _ in table.columns), *table.rows]
    rows = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    picture = f"![{table.picture[1]}]({table.picture[0]})" if table.picture is not None else ""
    return (
        "\n\n".join(part for part in (f"## {table.title}", table.method, picture, rows, table.remarks) if part) + "\n"
    )
