"""Cells that no spreadsheet runs, and that come back to the character."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomful.transfers import cells

TEXTS = st.text(st.sampled_from("ab'\"=+-@\t\r\n,; \uff1d"), max_size=12)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", "\uff1d1", "'=1", "''=1"])
def test_a_formula_gets_an_apostrophe(text: str) -> None:
    assert cells.guarded(text) == f"'{text}"
    assert cells.unguarded(f"'{text}") == text


@pytest.mark.parametrize("text", ["", "a", "'tis", "''", " =1", "1-1"])
def test_other_texts_stay(text: str) -> None:
    assert cells.guarded(text) == cells.unguarded(text) == text


@given(st.lists(st.lists(TEXTS, min_size=1, max_size=3), max_size=4))
def test_written_rows_are_read_as_they_were(rows: list[list[str]]) -> None:
    rows = [row for row in rows if row != [""]]
    read = csv.reader(io.StringIO(cells.written(rows), newline=""))
    assert [[cells.unguarded(cell) for cell in row] for row in read] == rows


@given(st.lists(TEXTS.filter(str.strip), max_size=4))
def test_texts_in_one_cell_are_read_as_they_were(items: list[str]) -> None:
    assert cells.split(cells.joined(items)) == items


def test_texts_in_a_cell_of_people() -> None:
    assert cells.split('red, "two, three",, blue') == ["red", "two, three", "blue"]
