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
    """Four panels of bars, Roomful's in another colour. Raises NoMatplotlib."""
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise NoMatplotlib("matplotlib is not installed: pip install 'roomful[bench]'") from error
    # As the table has them, less the rows of another event size.
    names = [name for name in results if "bytes" not in name]
    pyplot.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
    figure, panels = pyplot.subplots(2, 2, figsize=(13, 7.2), layout="constrained")
    figure.suptitle("One event to 1,000 subscribers, server on one core", fontsize=14, fontweight="bold")

    def of(choose: Callable[[Figures], Sequence[float]]) -> dict[str, float]:
        return {name: statistics.median(choose(results[name])) for name in names}

    _bars(panels[0][0], "CPU of one delivery, µs: less is better", of(lambda each: each.cpu_us), "{:.1f}")
    _bars(
        panels[0][1], "deliveries a second, 16 events in flight: more is better", of(lambda each: each.many), "{:,.0f}"
    )
    _bars(panels[1][0], "200 events at once, ms to the last: less is better", of(lambda each: each.burst_ms), "{:,.0f}")
    memory = {name: statistics.median(values) for name, values in memory_kib.items()}
    _bars(panels[1][1], "memory of an idle connection, KiB: less is better", memory, "{:.1f}")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _bars(axes: Axes, title: str, values: Mapping[str, float], shown: str) -> None:
    names = list(reversed(list(values)))
    lengths = [values[name] for name in names]
    bars = axes.barh(names, lengths, color=[_colour(name) for name in names], height=0.72)
    axes.bar_label(bars, labels=[shown.format(length) for length in lengths], padding=4)
    axes.set_xscale("log")  # the best and the worst are two orders of magnitude apart
    axes.set_xlim(min(lengths) / 2, max(lengths) * 4)
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
