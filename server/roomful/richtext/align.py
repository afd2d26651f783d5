"""Alignment of two sequences."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple, TypeVar

T = TypeVar("T")

MAX_MATCHES = 200_000
"""Beyond so many equal pairs the search would take seconds; what differs then counts as one stretch."""

MAX_PAIRS = 4_000


class Stretch(NamedTuple):
    """`old[old_start:old_end]`, which became `new[new_start:new_end]`, or is the same."""

    is_same: bool
    old_start: int
    old_end: int
    new_start: int
    new_end: int


def same_in_front(old: Sequence[object], new: Sequence[object]) -> int:
    """How many items two sequences have in common at the start."""
    count = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        count += 1
    return count


def stretches(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Stretch]:
    """Both sequences from start to end, in stretches that are equal or differ."""
    front = same_in_front(old, new)
    back = same_in_front(old[front:][::-1], new[front:][::-1])
    old_end, new_end = len(old) - back, len(new) - back
    found = [Stretch(True, 0, front, 0, front)]
    for stretch in _middle(old[front:old_end], new[front:new_end]):
        found.append(Stretch(stretch[0], *(place + front for place in stretch[1:])))
    found.append(Stretch(True, old_end, len(old), new_end, len(new)))
    return [each for each in found if each.old_end > each.old_start or each.new_end > each.new_start]


def pairs(old: Sequence[T], new: Sequence[T], likeness: Callable[[T, T], float]) -> list[tuple[int, int]]:
    """Pairs of items, by index and in order: which of `old` became which of `new`. Unpaired ones are gone, or new.

    The sum of likenesses is the greatest possible. Items of likeness 0 are never paired.
    """
    if len(old) * len(new) > MAX_PAIRS:
        return [(n, n) for n, (one, other) in enumerate(zip(old, new, strict=False)) if likeness(one, other)]
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    alike = [[likeness(one, other) for other in new] for one in old]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            taken = alike[i][j] + best[i + 1][j + 1] if alike[i][j] else 0.0
            best[i][j] = max(taken, best[i + 1][j], best[i][j + 1])
    found: list[tuple[int, int]] = []
    i = j = 0
    while i < len(old) and j < len(new):
        if alike[i][j] and best[i][j] == alike[i][j] + best[i + 1][j + 1]:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return found


def _middle(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Stretch]:
    counts = Counter(old)
    if not old or not new or sum(counts[each] for each in new) > MAX_MATCHES:
        return [Stretch(False, 0, len(old), 0, len(new))]
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [Stretch(kind == "equal", *places) for kind, *places in matcher.get_opcodes()]
