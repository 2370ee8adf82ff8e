"""Curves as SVG for a page, all in one style."""

import io
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colours that differ for colour-blind eyes and in grey (after Okabe and Ito, 2008), each with its own mark.
LINE_COLOURS = ("#1f7a73", "#D55E00", "#0072B2", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#8C6D31")
LINE_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.8,
    "axes.edgecolor": "#888888",
    "axes.titleweight": "bold",
    "savefig.transparent": True,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "jumok",  # the same numbers give the same file
}
# What a page has other colours for when it is dark.
THEMED = {
    "#000000": "currentColor",
    "#e4e4e4": "var(--line)",
    "#888888": "var(--strong)",
    LINE_COLOURS[0]: "var(--heat)",
}


@dataclass(frozen=True)
class Curve:
    """A curve with its confidence band."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] | None = None  # bounds of y
    high: Sequence[float] | None = None
    is_dashed: bool = field(default=False, kw_only=True)  # computed, not measured


@dataclass(frozen=True)
class Plot:
    """Curves on one pair of axes."""

    lines: Sequence[Curve]
    x: str
    y: str
    title: str = ""
    top: float | None = None  # the highest y there can be
    from_zero: bool = False
    marks: Sequence[float] = ()  # of a logarithmic x axis


def svg(plots: Sequence[Plot], names: Sequence[str] = ()) -> str:
    """Plots side by side as one SVG element; curves of a name in `names` have the same colour in every plot."""
    with _drawn(plots, names) as figure:
        return figure_text(figure)


def save_png(plots: Sequence[Plot], path: Any, names: Sequence[str] = ()) -> None:
    """Save plots side by side as PNG.

    Args:
        plots: The plots.
        path: The file.
        names: Names of curves that have the same colour in every plot.
    """
    with _drawn(plots, names) as figure:
        figure.savefig(path, dpi=160, transparent=False)


@contextmanager
def _drawn(plots: Sequence[Plot], names: Sequence[str]) -> "Iterator[Figure]":
    """The plots in one figure, to be saved inside the block, where the style holds."""
    import matplotlib  # here, for importing jumok should not take its second
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.6 * len(plots), 3.1), layout="constrained")
        figure.subplots(1, len(plots))
        for axes, plot in zip(figure.axes, plots, strict=True):
            _draw(axes, plot, list(names) or [line.name for line in plot.lines])
        _explain(figure, plots)
        yield figure


def _draw(axes: "Axes", plot: Plot, names: list[str]) -> None:
    from matplotlib.ticker import MaxNLocator

    for line in plot.lines:
        i = names.index(line.name) if line.name in names else 0
        colour = LINE_COLOURS[i % len(LINE_COLOURS)]
        mark = LINE_MARKERS[i % len(LINE_MARKERS)] if len(line.x) <= 20 else ""
        style = "--" if line.is_dashed else "-"
        axes.plot(
            line.x, line.y, style, color=colour, marker=mark, markersize=4.5, linewidth=1.8, label=line.name
        )
        if line.low is not None and line.high is not None:
            axes.fill_between(line.x, line.low, line.high, color=colour, alpha=0.15, linewidth=0)
    axes.set_xlabel(plot.x)
    axes.set_ylabel(plot.y)
    if plot.marks:
        _logarithmic(axes, plot.marks)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_title(plot.title, fontsize=10.5, loc="left")
    if plot.from_zero or plot.top is not None:
        axes.set_ylim(bottom=-0.02 * plot.top if plot.top else 0)
    if plot.top is not None:
        axes.set_ylim(top=1.03 * plot.top)


def _logarithmic(axes: "Axes", marked: Sequence[float]) -> None:
    """A logarithmic axis with ticks at these numbers."""
    axes.set_xscale("log")
    axes.set_xticks(list(marked), [f"{number:,.0f}" for number in marked])
    axes.minorticks_off()


def _explain(figure: "Figure", plots: Sequence[Plot]) -> None:
    """A legend for each plot of several lines; one, at the last, where all have the same lines."""
    names = [[line.name for line in plot.lines] for plot in plots]
    for i, axes in enumerate(figure.axes):
        if len(names[i]) > 1 and names[i] not in names[i + 1 :]:
            axes.legend(fontsize=9)


def figure_text(figure: "Figure") -> str:
    """A figure as one SVG element, in colours of the page."""
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    for fixed, of_page in THEMED.items():
        text = text.replace(fixed, of_page)
    return text[text.index("<svg") :]
