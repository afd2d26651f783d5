"""Positions: texts in the order of their tasks, with room for one more between any two."""

from collections.abc import Sequence

from fractional_indexing import generate_key_between, generate_n_keys_between

MAX_POSITION_CHARS = 50
"""Beyond this, the tasks around a gap are spread out: each task put into one gap makes the next position longer."""

_REACH = 32


def between(lower: str | None, upper: str | None) -> str:
    """A position in this gap; None is the end of the column. The same gap always gives the same position."""
    position: str = generate_key_between(lower, upper)
    return position


def after(last: str | None, count: int) -> list[str]:
    """Positions for several tasks at the end of a column whose last one is here."""
    fresh: list[str] = generate_n_keys_between(last, None, count)
    return fresh


def spread(column: Sequence[str], index: int) -> tuple[int, list[str]]:
    """New, short positions for a stretch of a column, and for one more task that goes in at `index`.

    Returns where the stretch begins, and one position more than it has tasks. The event carries every position in it,
    so it is kept small: some neighbours on both sides, and twice as many while the room is too little.
    """
    reach = _REACH
    while True:
        first, last = max(0, index - reach), min(len(column), index + reach)
        lower = column[first - 1] if first > 0 else None
        upper = column[last] if last < len(column) else None
        fresh: list[str] = generate_n_keys_between(lower, upper, last - first + 1)
        if (lower is None and upper is None) or max(map(len, fresh)) <= MAX_POSITION_CHARS * 9 // 10:
            return first, fresh
        reach *= 2
