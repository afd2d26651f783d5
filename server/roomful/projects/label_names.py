"""Names of labels, which are the same in any case, and the colours that labels are given."""

import unicodedata
from collections import Counter
from collections.abc import Sequence

COLOURS = ("blue", "green", "orange", "purple", "teal", "pink", "yellow", "red", "gray")
"""Names that boards draw to suit light and dark screens, in the order in which new labels get them."""


def key_of(name: str) -> str:
    """Equal for names that people take for the same: in capitals, decomposed, or with other white space."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
    return " ".join(folded.split()) or folded


def unique(names: Sequence[str]) -> list[str]:
    """The names without those that an earlier one is the same as."""
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(key_of(name), name)
    return list(first.values())


def pick_colours(used: Counter[str], count: int) -> list[str]:
    """Colours for new labels, each the one that the project uses least; `used` is counted on."""
    picked = []
    for _ in range(count):
        color = min(COLOURS, key=lambda each: used[each])
        used[color] += 1
        picked.append(color)
    return picked
