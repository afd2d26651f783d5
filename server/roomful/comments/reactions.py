"""Reactions: one emoji each, and who has reacted with it."""

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator

from roomful.comments.schemas import Reaction

_SYMBOL = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u23cf\u23e9-\u23f3\u23f8-\u23fa"
    "\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030"
    "\u303d\u3297\u3299\U0001f004-\U0001f1e5\U0001f200-\U0001faff]"
)
_ELEMENT = f"{_SYMBOL}[\ufe0f\U0001f3fb-\U0001f3ff]?"
# After UTS #51, 1.4.9, with ranges that need no update for new emoji, and hold a few other symbols too.
_EMOJI = re.compile(
    f"{_ELEMENT}(?:\u200d{_ELEMENT}){{0,9}}"  # a person, a family, a heart on fire
    "|[\U0001f1e6-\U0001f1ff]{2}"  # the flag of a country
    "|[0-9#*]\ufe0f?\u20e3"  # a keycap
    "|\U0001f3f4[\U000e0020-\U000e007e]{1,6}\U000e007f"  # the flag of a part of a country
)
_VARIATION = "\ufe0f"


def _check_emoji(text: str) -> str:
    if not _EMOJI.fullmatch(text):
        raise ValueError("must be one emoji")
    return text


Emoji = Annotated[str, AfterValidator(_check_emoji)]


def find_reaction(reactions: Sequence[Reaction], emoji: str) -> Reaction | None:
    """The reaction with this emoji. Variation selectors, which keyboards add or leave out, make no difference."""
    plain = emoji.replace(_VARIATION, "")
    return next((each for each in reactions if each.emoji.replace(_VARIATION, "") == plain), None)


def with_person(reactions: Sequence[Reaction], emoji: str, person_id: str) -> list[Reaction]:
    """The reactions with this person's added at the end of its emoji; a new emoji comes last."""
    found = find_reaction(reactions, emoji)
    if found is None:
        return [*reactions, Reaction(emoji=emoji, user_ids=[person_id])]
    joined = Reaction(emoji=found.emoji, user_ids=[*found.user_ids, person_id])
    return [joined if each is found else each for each in reactions]


def without_person(reactions: Sequence[Reaction], emoji: str, person_id: str) -> list[Reaction]:
    """The reactions without this person's; an emoji with which nobody reacts any more is gone."""
    found = find_reaction(reactions, emoji)
    if found is None:
        return [*reactions]
    left = Reaction(emoji=found.emoji, user_ids=[each for each in found.user_ids if each != person_id])
    return [left if each is found else each for each in reactions if each is not found or left.user_ids]
