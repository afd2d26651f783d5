"""The picture of the fan-out comparison."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.fanout import FLOOR, Figures, Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OURS, FLOOR_COLOUR, OTHERS = "#d1495b", "#2e4057", "#a9b4c2"


class NoMatplotlib(Exception):
    """The extra `bench` is not installed."""


def draw(path: Path, results: Results, memory_kib: Mapping[str, Sequence[float]]) -> None:
    """Four panels of bars from zero, the best first, Roomful's in another colour. Raises NoMatplotlib."""
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise NoMatplotlib("matplotlib is not installed: pip install 'roomful[bench]'") from error
    # As in the table, without the rows of another event size.
    names = [name for name in results if "bytes" not in name]
    pyplot.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
    figure, panels = pyplot.subplots(2, 2, figsize=(13.5, 7.6), layout="constrained")
    figure.suptitle("One event to 1,000 subscribers, server on one core", fontsize=14, fontweight="bold")

    def of(choose: Callable[[Figures], Sequence[float]]) -> dict[str, float]:
        return {name: statistics.median(choose(results[name])) for name in names}

    def cpu(name: str, value: float) -> str:
        times = statistics.median(results[name].times_floor)
        return f"{value:.1f}" if name == FLOOR else f"{value:.1f}   {times:.2f} × floor"

    def many(_name: str, value: float) -> str:
        return f"{value:,.0f}"

    def kib(_name: str, value: float) -> str:
        return f"{value:.1f}"

    memory = {name: statistics.median(values) for name, values in memory_kib.items()}
    _bars(panels[0][0], "CPU of one delivery, µs (less is better)", of(lambda each: each.cpu_us), cpu)
    _bars(
        panels[0][1],
        "Deliveries a second, 16 in flight (more is better)",
        of(lambda each: each.many),
        many,
        is_more_better=True,
    )
    _bars(panels[1][0], "200 events at once, ms to the last (less is better)", of(lambda each: each.burst_ms), many)
    _bars(panels[1][1], "Memory of an idle connection, KiB (less is better)", memory, kib)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _bars(
    axes: Axes,
    title: str,
    values: Mapping[str, float],
    show: Callable[[str, float], str],
    *,
    is_more_better: bool = False,
) -> None:
    names = sorted(values, key=values.__getitem__, reverse=not is_more_better)  # the last is drawn on top
    lengths = [values[name] for name in names]
    bars = axes.barh(names, lengths, color=[_colour(name) for name in names], height=0.72)
    axes.bar_label(bars, labels=[show(name, values[name]) for name in names], padding=4)
    axes.set_xlim(0, max(lengths) * 1.35)  # room for the label of the longest
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_title(title, loc="left", fontsize=11)
    for label, name in zip(axes.get_yticklabels(), names, strict=True):
        label.set_fontweight("bold" if name.startswith("Roomful") else "normal")


def _colour(name: str) -> str:
    if name.startswith("Roomful"):
        return OURS
    return FLOOR_COLOUR if name == FLOOR else OTHERS
