"""Reactions: which texts are one emoji, and who has reacted."""

import pytest
from pydantic import TypeAdapter, ValidationError

from roomful.comments.reactions import Emoji, find_reaction, with_person, without_person
from roomful.comments.schemas import Reaction

CHECKED: TypeAdapter[str] = TypeAdapter(Emoji)


@pytest.mark.parametrize(
    "emoji",
    [
        "👍",
        "👍🏽",
        "❤",
        "❤️",
        "❤️‍🔥",
        "👩🏻‍❤️‍💋‍👨🏿",
        "👨‍👩‍👧‍👦",
        "🏳️‍🌈",
        "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
        "🇩🇪",
        "#️⃣",
        "1⃣",
        "✅",
        "©️",
        "🫠",
        "🪎",
    ],
)
def test_an_emoji_is_taken(emoji: str) -> None:
    assert CHECKED.validate_python(emoji) == emoji


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a",
        "1",
        "👍👍",
        "👍 ",
        "\u200d",
        "👍\u200d",
        "\u200d👍",
        "\ufe0f",
        "🇩",
        "🇩🇪🇫🇷",
        "<b>",
        "👍\u202e",
        "👍\x00",
        "ま",
        "🏴\U000e0067",
        "👍" + "\u200d👍" * 10,
        "👍" * 5_000,
        "👍" + "\u200d" * 5_000,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="must be one emoji"):
        CHECKED.validate_python(text)


def test_people_join_and_leave() -> None:
    reactions = with_person(with_person(with_person([], "👍", "ada"), "🚀", "ada"), "👍", "bob")
    assert reactions == [Reaction(emoji="👍", user_ids=["ada", "bob"]), Reaction(emoji="🚀", user_ids=["ada"])]
    reactions = without_person(without_person(reactions, "🚀", "ada"), "👍", "ada")
    assert reactions == [Reaction(emoji="👍", user_ids=["bob"])]
    assert without_person(reactions, "🎉", "bob") == reactions


def test_a_variation_selector_makes_no_other_reaction() -> None:
    reactions = with_person(with_person([], "❤️", "ada"), "❤", "bob")
    assert reactions == [Reaction(emoji="❤️", user_ids=["ada", "bob"])]
    assert find_reaction(reactions, "❤") == reactions[0]
    assert without_person(without_person(reactions, "❤", "ada"), "❤", "bob") == []
