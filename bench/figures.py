"""Figures and their tables."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

TARGET_MARKS = {True: "met", False: "missed"}


@dataclass(frozen=True, slots=True)
class Table:
    """One benchmark's result: `method` describes the measurement.

    `picture` is a file beside the page and its description; `remarks` follow the table.
    """

    title: str
    method: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    picture: tuple[str, str] | None = None
    remarks: str = ""


def median_and_spread(values: Sequence[float], digits: int = 0) -> str:
    """`812 [790–840]`: the median, the least and the greatest."""
    low, middle, high = (f"{value:,.{digits}f}" for value in (min(values), statistics.median(values), max(values)))
    return f"{middle} [{low}–{high}]"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))]


def milliseconds(value: float) -> str:
    return f"{value:.1f} ms"
