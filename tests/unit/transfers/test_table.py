"""CSV as spreadsheets, programs and attackers write it."""

import pytest

from roomful.errors import Invalid
from roomful.transfers.table import Record, records

ROWS = [Record(1, ["title", "labels"], False), Record(2, ["Fly", "moon"], False)]


@pytest.mark.parametrize(
    "body",
    [
        b"title,labels\r\nFly,moon\r\n",
        b"title,labels\nFly,moon",
        b"title,labels\rFly,moon\r",
        b"\xef\xbb\xbftitle,labels\nFly,moon\n",
        b"title;labels\nFly;moon\n",
        b"title\tlabels\nFly\tmoon\n",
        b'"title","labels"\n"Fly","moon"\n',
        "title\tlabels\nFly\tmoon\n".encode("utf-16"),
        b"\xfe\xff" + "title;labels\r\nFly;moon".encode("utf-16-be"),
    ],
)
def test_every_spelling_of_a_table(body: bytes) -> None:
    assert list(records(body)) == ROWS


def test_lines_of_rows_count_what_is_between_them() -> None:
    body = b'sep=;\ntitle;description\n\n"Fly";"one\ntwo; three"\n;\nLand;\n'
    assert [(row.line, row.cells) for row in records(body)] == [
        (2, ["title", "description"]),
        (4, ["Fly", "one\ntwo; three"]),
        (7, ["Land", ""]),
    ]


@pytest.mark.parametrize("delimiter", ['"', "\r", "\0", " ", "\U0001f680"])
def test_a_hint_may_say_anything(delimiter: str) -> None:
    """A quote and a line's end separate nothing; Python 3.13 and later refuse to try."""
    rows = list(records(f"sep={delimiter}\ntitle{delimiter}labels\n".encode()))
    assert (rows[-1].cells == ["title", "labels"]) is (delimiter not in '"\r')


def test_a_quote_that_is_never_closed_takes_the_rest() -> None:
    rows = list(records(b'title,labels\nFly,moon\n"Land,sea\nSwim,sea\n'))
    assert rows[:2] == ROWS
    assert [(row.line, row.is_open) for row in rows[2:]] == [(3, True)]


def test_quotes_inside_a_cell_are_text() -> None:
    assert list(records(b'title\n5" pipe\nthe "best" one\n'))[1:] == [
        Record(2, ['5" pipe'], False),
        Record(3, ['the "best" one'], False),
    ]


def test_a_cell_may_be_as_long_as_a_body() -> None:
    assert len(list(records(b"title\n" + b"x" * 900_000))[1].cells[0]) == 900_000


def test_nothing_is_no_row() -> None:
    assert list(records(b"")) == list(records(b"\n\n ,\n")) == []


@pytest.mark.parametrize("body", [b"title\nCaf\xe9\n", b"\xff\xfet\x00\x00\xd8", b"\xff\xfet"])
def test_other_encodings_are_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        list(records(body))
