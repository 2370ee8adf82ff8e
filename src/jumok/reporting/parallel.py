"""Parallel coordinates: a line for each trial through its options to its score (Inselberg, 1985)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jumok.reporting.plots import LINE_COLOURS, STYLE, figure_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GOOD, FAINT = LINE_COLOURS[0], "#888888"  # good trials; those that were ended early


@dataclass(frozen=True)
class Coordinate:
    """One vertical axis."""

    name: str
    places: Sequence[float]  # of each trial, from 0 below to 1 on top
    ticks: Sequence[tuple[float, str]]  # places with their words


@dataclass(frozen=True)
class TrialLine:
    """How the line of a trial looks."""

    strength: float  # from 0, the worst, to 1, the best; NaN for one that was ended early


def number_axis(name: str, values: Sequence[float], is_log: bool = False, unit: str = "{:.3g}") -> Coordinate:
    """An axis of numbers from the smallest to the largest.

    Args:
        name: What stands below it.
        values: The value of each trial.
        is_log: Whether places follow the logarithm.
        unit: How values are written.

    Returns:
        The axis.
    """
    scaled = [math.log(value) if is_log else value for value in values]
    low, high = min(scaled), max(scaled)
    span = (high - low) or 1.0
    ends = dict.fromkeys((min(values), max(values)))
    ticks = [(((math.log(end) if is_log else end) - low) / span, unit.format(end)) for end in ends]
    return Coordinate(name, [(one - low) / span for one in scaled], ticks)


def word_axis(name: str, values: Sequence[str]) -> Coordinate:
    """An axis of words, in the order in which they come."""
    known = list(dict.fromkeys(values))
    places = {word: (i + 0.5) / len(known) for i, word in enumerate(known)}
    return Coordinate(
        name, [places[value] for value in values], [(place, word) for word, place in places.items()]
    )


def parallel_svg(axes: Sequence[Coordinate], lines: Sequence[TrialLine]) -> str:
    """The plot as one SVG element."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(max(6.0, 1.7 * len(axes)), 3.6), layout="constrained")
        plot = figure.add_subplot()
        for i in sorted(range(len(lines)), key=lambda i: rank(lines[i])):
            draw_line(plot, [axis.places[i] for axis in axes], lines[i])
        for x, axis in enumerate(axes):
            plot.axvline(x, color=FAINT, linewidth=1.0, zorder=1)
            for place, word in axis.ticks:
                plot.annotate(word, (x, place), (4, 0), textcoords="offset points", va="center", fontsize=8)
        plot.set_xticks(range(len(axes)), [axis.name for axis in axes])
        plot.set_yticks([])
        plot.set(xlim=(-0.1, len(axes) - 0.45), ylim=(-0.06, 1.06))
        plot.grid(False)
        plot.spines[:].set_visible(False)
        plot.tick_params(length=0)
        return figure_text(figure)


def rank(line: TrialLine) -> float:
    """Good trials are drawn last, on top."""
    return -1.0 if math.isnan(line.strength) else line.strength


def draw_line(plot: "Axes", places: Sequence[float], line: TrialLine) -> None:
    """The line of a trial: strong where it is good, thin and grey where it was ended early."""
    x = range(len(places))
    if math.isnan(line.strength):
        plot.plot(x, places, color=FAINT, linewidth=0.8, alpha=0.5, zorder=2)
    else:
        strength = line.strength**3
        plot.plot(x, places, color=GOOD, linewidth=0.9 + 1.6 * strength, alpha=0.2 + 0.8 * strength, zorder=3)
