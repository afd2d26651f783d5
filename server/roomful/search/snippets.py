"""Snippets: the part of a text around what was looked for, as plain text in one line."""

from collections.abc import Sequence

from roomful.search.words import Term, first_place

MAX_CHARS = 160
BEFORE_CHARS = 50
"""At most, of what is before the first word that was looked for."""
_READ_CHARS = 4 * MAX_CHARS
_CUT = "…"


def snippet(text: str, terms: Sequence[Term]) -> str:
    """The beginning of a text that has none of the words."""
    start = max(0, (first_place(text, terms) or 0) - BEFORE_CHARS)
    if start > 0:
        start = _after_space(text, start)
    line = " ".join(text[start : start + _READ_CHARS].split())
    is_cut = len(line) > MAX_CHARS or start + _READ_CHARS < len(text)
    return f"{_CUT if start else ''}{line[:MAX_CHARS].rstrip()}{_CUT if is_cut else ''}"


def _after_space(text: str, start: int) -> int:
    """Where the next word begins, if that is near."""
    for place in range(start, min(start + BEFORE_CHARS // 2, len(text))):
        if text[place].isspace():
            return place + 1
    return start
