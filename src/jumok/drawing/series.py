"""Sheets of series: each channel in a lane of its own, gaps where nothing was measured."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from jumok.drawing.sheet import LabelledImage, draw_sheet, font_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL import Image

MAX_LANES = 12  # channels of a series that are drawn
TILE, LANE, FRAME = 480, 30, 48  # pixels: width of a series, height of a lane, height of its axis
DPI = 100
LANE_COLOURS = ("#1f7a73", "#D55E00", "#0072B2", "#CC79A7")
LANE_SHARE = 0.9  # of a lane that the range of its channel fills


def draw_series(
    series: Sequence[np.ndarray], titles: Sequence[str], channels: Sequence[str], rate: float | None = None
) -> Image.Image:
    """Draw series in a grid; a channel has the same range in all of them.

    Args:
        series: Values (T, C) of each, NaN where nothing was measured.
        titles: What stands above each.
        channels: The names of the channels.
        rate: Samples a second; None counts time steps.

    Returns:
        The sheet.
    """
    ranges = channel_ranges(series)
    tiles = [
        LabelledImage(plot_series(values, ranges, channels, rate), title)
        for values, title in zip(series, titles, strict=True)
    ]
    return draw_sheet(tiles, (), cell=TILE)


def channel_ranges(series: Sequence[np.ndarray]) -> np.ndarray:
    """The lowest and highest value (C, 2) of each channel; 0 and 1 where nothing was measured."""
    values = np.concatenate(list(series))
    real = ~np.isnan(values)
    low = np.where(real, values, np.inf).min(0)
    high = np.where(real, values, -np.inf).max(0)
    return np.where(real.any(0)[:, None], np.stack((low, high), 1), (0.0, 1.0))


def plot_series(
    values: np.ndarray, ranges: np.ndarray, channels: Sequence[str], rate: float | None = None
) -> Tensor:
    """Draw one series.

    Args:
        values: Its values (T, C), NaN where nothing was measured.
        ranges: The lowest and highest value (C, 2) of each lane.
        channels: The names of the channels; the first `MAX_LANES` are drawn.
        rate: Samples a second; None counts time steps.

    Returns:
        The pixels (3, Y, X).
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lanes = min(len(channels), MAX_LANES)
    height = FRAME + lanes * LANE
    figure = Figure(figsize=(TILE / DPI, height / DPI), dpi=DPI)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.22, (FRAME - 10) / height, 0.75, lanes * LANE / height))
    times = np.arange(len(values)) / (rate or 1.0)
    for lane in range(lanes):
        low, high = ranges[lane]
        middle, span = (low + high) / 2, (high - low) or 1.0
        drawn = (values[:, lane] - middle) / span * LANE_SHARE - lane
        lone = np.isnan(drawn).any() or len(drawn) < 2  # samples between gaps would be no line
        colour, marker = LANE_COLOURS[lane % len(LANE_COLOURS)], "." if lone else ""
        axes.plot(times, drawn, color=colour, linewidth=0.9, marker=marker, markersize=1.5)
    name_lanes(axes, channels, lanes)
    axes.set_xlabel("seconds" if rate else "time steps", fontsize=7)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # no font of the system has it
        canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[:, :, :3]
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)


def name_lanes(axes: Axes, channels: Sequence[str], lanes: int) -> None:
    """Write the names of channels beside their lanes, and how many are not drawn."""
    from matplotlib.font_manager import FontProperties

    names = [name if len(name) <= 16 else f"{name[:15]}…" for name in channels[:lanes]]
    more = len(channels) - lanes
    eastern = any(ord(letter) >= 0x2E80 for letter in "".join(names))
    font = FontProperties(fname=font_file(eastern), size=7)
    axes.set_yticks([-lane for lane in range(lanes)], names, fontproperties=font)
    axes.set_ylim(0.5 - lanes, 0.5)
    axes.tick_params(axis="x", labelsize=7)
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.01)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    if more:
        axes.set_title(f"and {more} more channels", fontsize=7, loc="right")
