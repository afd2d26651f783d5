"""A CSV file as rows of cells, as spreadsheets and programs write it."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from typing import NamedTuple

from roomful.errors import Invalid
from roomful.transfers.cells import BYTE_ORDER_MARK
from roomful.web.request_guards import MAX_BODY_BYTES

_DELIMITERS = (",", ";", "\t")
_LOOKED_THROUGH = 10_000
_HINT = re.compile(r'sep=([^"\r\n])(?:\r\n|\r|\n)')  # not what Python 3.13 takes for no delimiter
_QUOTED = re.compile('"[^"]*"')
_END = "\x1eend\x1e"
"""A line after the last one: an open quote swallows it."""


class Record(NamedTuple):
    """One row; it begins on `line`, counted from 1. `is_open`: a quote in it is never closed, and took all the rest."""

    line: int
    cells: list[str]
    is_open: bool


def records(body: bytes) -> Iterator[Record]:
    """The rows that are not blank, the heading first.

    UTF-8, or UTF-16 with its mark. Between cells are commas, semicolons or tabs: what the heading has most of, or what
    `sep=` says above it. Raises Invalid for other encodings.
    """
    text = _decoded(body)
    hint = _HINT.match(text)
    start = hint.end() if hint else 0
    delimiter = hint[1] if hint else _delimiter_of(text)
    csv.field_size_limit(max(csv.field_size_limit(), MAX_BODY_BYTES))  # of the whole process, and never less
    lines = io.StringIO(f"{text[start:]}\n{_END}", newline="")
    reader, line = csv.reader(lines, delimiter=delimiter), 1 + bool(hint)
    for cells in reader:
        if cells == [_END]:
            return
        is_open = bool(cells) and cells[-1].endswith(_END)
        if is_open or any(cell.strip() for cell in cells):
            yield Record(line, cells, is_open)
        line = reader.line_num + 1 + bool(hint)


def _decoded(body: bytes) -> str:
    is_utf_16 = body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return body.decode("utf-16" if is_utf_16 else "utf-8").removeprefix(BYTE_ORDER_MARK)
    except UnicodeDecodeError:
        reason = "is not UTF-8: save the file as “CSV UTF-8”"
        raise Invalid(
            f"The body {reason}.", details=[{"field": "body", "message": reason, "type": "encoding"}]
        ) from None


def _delimiter_of(text: str) -> str:
    heading = _QUOTED.sub("", text[:_LOOKED_THROUGH]).lstrip("\r\n").splitlines()
    first = heading[0] if heading else ""
    return max(_DELIMITERS, key=first.count)
