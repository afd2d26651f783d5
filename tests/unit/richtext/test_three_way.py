"""Three-way merges of blocks."""

import random

import pytest

from roomful.richtext.formats import markdown_goal_since, write_beginning, write_markup
from roomful.richtext.markdown_reader import read_markdown
from roomful.richtext.nodes import lines_of, paragraph
from roomful.richtext.three_way import merged_blocks
from tests.support.rich_texts import Chance


def merged(base: str, one: str, other: str) -> str:
    blocks = merged_blocks(read_markdown(base), read_markdown(one), read_markdown(other))
    return write_markup(blocks, "markdown").strip()


@pytest.mark.parametrize(
    ("base", "one", "other", "both"),
    [
        ("a b c", "a x c", "a b c", "a x c"),
        ("a b c", "x b c", "a b y", "x b y"),
        ("a\n\nb", "a\n\nb\n\nc", "z\n\na\n\nb", "z\n\na\n\nb\n\nc"),
        ("a\n\nb", "a", "a\n\nb\n\nc", "a\n\nc"),
        ("- a\n- b", "- a\n- b\n- c", "- **a**\n- b", "- **a**\n- b\n- c"),
        ("", "a", "", "a"),
        ("# a", "## a", "# a b", "## a b"),
    ],
)
def test_both_sides_are_there(base: str, one: str, other: str, both: str) -> None:
    assert merged(base, one, other) == both


@pytest.mark.parametrize("seed", range(60))
def test_one_side_alone_is_that_side(seed: int) -> None:
    chance = Chance(seed)
    base = chance.blocks()
    new = chance.changed(base)
    assert merged_blocks(base, new, base) == merged_blocks(new, new, new)
    assert merged_blocks(base, base, new) == merged_blocks(new, new, new)


@pytest.mark.parametrize("seed", range(40))
def test_words_typed_at_the_ends_of_lines_stay(seed: int) -> None:
    """While somebody else writes the Markdown back with another first line."""
    dice = random.Random(seed)
    lines = [f"line {number} says {dice.randint(0, 9)}" for number in range(dice.randint(1, 8))]
    read = "\n\n".join(lines)
    typed = [line + f" typed{number}" * dice.randint(0, 2) for number, line in enumerate(lines)]
    goal = markdown_goal_since([paragraph(line) for line in typed], read, f"# New\n\n{read}")
    assert [line for block in goal for line in lines_of(block)] == ["New", *typed]


def test_a_beginning_is_whole_blocks() -> None:
    blocks = read_markdown("- a\n\n1. b\n\n* c\n\nd")
    whole = write_markup(blocks, "markdown").strip()
    assert write_beginning(blocks, 1000) == whole
    assert write_beginning(blocks, 1) == "- a"
    assert write_beginning([paragraph()], 1) == write_beginning([], 1) == ""
