"""Descriptions as people read them in a cell."""

import pytest

from roomful.richtext.formats import write_markup
from roomful.richtext.nodes import Node, text_node
from roomful.transfers.descriptions import with_plain_ends


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("Order fuel&#32;", "Order fuel "),
        ("One&#32;&#9;\n\n- two&#32;\n- three&#160;", "One \t\n\n- two \n- three\xa0"),
        ("a&#32;b", "a&#32;b"),
        (r"\&#32;", r"\&#32;"),  # written so
        (r"\\&#32;", r"\\ "),  # a backslash before a blank
        ("no blank&#33;", "no blank&#33;"),
        ("line end&#10;", "line end&#10;"),
        ("no character&#99999;", "no character&#99999;"),
        ("Before&#32;\n\n```\nx&#32;\n```\n\nAfter&#32;", "Before \n\n```\nx&#32;\n```\n\nAfter "),
        ("- ```\n  x&#32;\n  ```", "- ```\n  x&#32;\n  ```"),
        ("&#32;indented", "&#32;indented"),  # four of them would make it code
    ],
)
def test_blanks_at_ends_of_lines_are_as_typed(markdown: str, expected: str) -> None:
    assert with_plain_ends(markdown) == expected


@pytest.mark.parametrize("text", ["Order fuel ", "Order fuel  \t", "1\\ "])
def test_what_was_typed_is_what_is_read(text: str) -> None:
    block: Node = {"type": "paragraph", "content": [text_node(text)]}
    assert with_plain_ends(write_markup([block], "markdown")).removesuffix("\n").replace("\\\\", "\\") == text


@pytest.mark.parametrize("lines", ["\n", "\n>", "\n```", "\n````"])
def test_no_text_takes_longer_than_its_length_asks(lines: str) -> None:
    """With a search that goes back, 10,000 characters took seconds, during which nothing else ran."""
    hostile = "`" * 200_000 + lines * 200_000
    assert with_plain_ends(f"{hostile}x&#32;\n") == f"{hostile}x&#32;\n"
    references = "&#32;" * 100_000
    assert with_plain_ends(f"{references}x") == f"{references}x"
    assert with_plain_ends(references) == " " * 100_000
