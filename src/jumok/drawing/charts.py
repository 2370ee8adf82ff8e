"""Charts of forecasts: the past, what came, and what was forecast, a panel for each channel."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jumok.deferred import Deferred
from jumok.wording import quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL import Image
else:  # Pillow is loaded only when there is something to draw
    Image = Deferred("PIL.Image")

PANELS = 8  # channels that are drawn, at most
INCHES = 6.4  # width of a chart
PANEL_INCHES = 1.5  # height of a panel
MARGIN = 0.45  # inches above and below the panels
PAST_SHOWN = 3.0  # steps of the past that are drawn, beside a forecast of one step
PAST, TRUTH, FORECAST = "#777777", "#000000", "#D55E00"  # after Okabe and Ito, 2008


class ForecastLines(NamedTuple):
    """One channel: steps are counted from the first one to come, which is 1."""

    name: str
    past_steps: np.ndarray  # (P,), 0 is the last one
    past: np.ndarray  # (P,), NaN where nothing was measured
    forecast: np.ndarray  # (H,)
    truth: np.ndarray | None = None  # (H,)
    low: np.ndarray | None = None  # (H,)
    high: np.ndarray | None = None


def draw_forecast(channels: Sequence[ForecastLines], title: str = "") -> Image.Image:
    """Draw a forecast.

    Args:
        channels: The channels; only the first `PANELS` are drawn, which the title says.
        title: The title.

    Returns:
        The chart.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = channels[:PANELS]
    if len(channels) > PANELS:
        title = f"{title} ({PANELS} of {quantity(len(channels), 'channel')})".strip()
    style: Any = {
        "font.size": 8.0,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
    }
    with rc_context(style):
        height = PANEL_INCHES * max(1, len(shown)) + 2 * MARGIN
        figure = Figure(figsize=(INCHES, height), dpi=100)
        figure.subplots_adjust(0.12, MARGIN / height, 0.98, 1 - MARGIN / height, hspace=0.15)
        FigureCanvasAgg(figure)
        panels = figure.subplots(max(1, len(shown)), 1, sharex=True, squeeze=False)[:, 0]
        for panel, lines in zip(panels, shown, strict=True):
            draw_lines(panel, lines)
        panels[0].legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4)
        panels[-1].set_xlabel("time step")
        figure.suptitle(title, x=0.98, ha="right", fontsize=9)
        file = io.BytesIO()
        figure.savefig(file, format="png")
    file.seek(0)
    return Image.open(file).convert("RGB")


def draw_lines(panel: Axes, lines: ForecastLines) -> None:
    """Draw one channel into its panel."""
    steps = np.arange(1, len(lines.forecast) + 1)
    recent = lines.past_steps > -PAST_SHOWN * max(len(steps), 1)
    panel.plot(lines.past_steps[recent], lines.past[recent], color=PAST, linewidth=1, label="past")
    if lines.truth is not None:
        panel.plot(steps, lines.truth, color=TRUTH, linewidth=1, label="truth")
    if lines.low is not None and lines.high is not None:
        panel.fill_between(steps, lines.low, lines.high, color=FORECAST, alpha=0.2, label="interval")
    panel.plot(steps, lines.forecast, color=FORECAST, linewidth=1.4, linestyle="--", label="forecast")
    panel.axvline(0.5, color="#cccccc", linewidth=0.8)
    panel.set_ylabel(lines.name)


def stack_charts(charts: Sequence[Image.Image]) -> Image.Image:
    """Charts of several outputs, one below the other."""
    whole = Image.new("RGB", (max(one.width for one in charts), sum(one.height for one in charts)), "white")
    top = 0
    for one in charts:
        whole.paste(one, (0, top))
        top += one.height
    return whole
