"""Cells of CSV: texts that no spreadsheet takes for a formula."""

import csv
import io
import re
from collections.abc import Iterable

BYTE_ORDER_MARK = "\ufeff"
"""Begins an export: without it Excel takes UTF-8 for the encoding of its country."""

_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""How a cell begins that a spreadsheet may run (OWASP, CSV Injection), or one that has been guarded already."""


def guarded(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet could run it; `unguarded` takes it off again."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def written(rows: Iterable[Iterable[str]]) -> str:
    """Rows as CSV (RFC 4180), every cell guarded."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([guarded(cell) for cell in row] for row in rows)
    return text.getvalue()


def joined(items: Iterable[str]) -> str:
    """Several texts in one cell, between commas; `split` reads them back to the character."""
    return ", ".join(_quoted(item) if _needs_quotes(item) else item for item in items)


def split(cell: str) -> list[str]:
    """The texts of a cell, without blank ones."""
    rows = csv.reader(io.StringIO(cell, newline=""), skipinitialspace=True)
    return [item for row in rows for item in row if item.strip()]


def _needs_quotes(item: str) -> bool:
    return item[:1].isspace() or any(mark in item for mark in ',"\r\n')


def _quoted(item: str) -> str:
    doubled = item.replace('"', '""')
    return f'"{doubled}"'
