"""Names of labels and their colours."""

from collections import Counter

import pytest

from roomful.projects.label_names import COLOURS, key_of, pick_colours, unique

MAX_NAME_CHARS, ROOM = 50, 255
"""Of the columns `name` and `key`."""


@pytest.mark.parametrize(
    ("one", "other"),
    [("urgent", "URGENT"), ("Größe", "GRÖSSE"), ("é", "e\u0301"), (" two  words", "Two words"), ("ΑΣ", "ας")],
)
def test_names_that_people_take_for_the_same(one: str, other: str) -> None:
    assert key_of(one) == key_of(other)


def test_names_that_differ() -> None:
    assert len({key_of(name) for name in ("urgent", "urgently", "ürgent", "ur gent", "1", "①")}) == 6


def test_the_longest_key_of_a_character_fits() -> None:
    longest = max(len(key_of(chr(code))) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    assert longest * MAX_NAME_CHARS <= ROOM


def test_the_first_spelling_is_kept() -> None:
    assert unique(["b", "A", "a", "B", "c", "b"]) == ["b", "A", "c"]


def test_the_colour_used_least_is_picked() -> None:
    assert pick_colours(Counter(), len(COLOURS)) == list(COLOURS)
    used = Counter(COLOURS) + Counter(COLOURS[:2])
    assert pick_colours(used, 2) == list(COLOURS[2:4])
    assert used[COLOURS[2]] == 2
