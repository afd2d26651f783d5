"""Lists of keys in few lengths, so that SQL with a list of them has few texts to compile and prepare."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

K = TypeVar("K")

LENGTHS = (1, 16, 64)
MOST = LENGTHS[-1]


def full_parts(keys: Sequence[K], *, most: int = MOST) -> Iterator[Sequence[K]]:
    """The keys in parts of `most`; the last one is filled up to one of LENGTHS by repeating its first key."""
    for start in range(0, len(keys), most):
        part = keys[start : start + most]
        length = next(length for length in LENGTHS if length >= len(part))
        yield [*part, *[part[0]] * (length - len(part))]
