"""Sheets of series: one range for a channel, gaps where nothing was measured, no state of pyplot."""

import subprocess
import sys

import numpy as np
import pytest

from jumok.drawing.series import MAX_LANES, channel_ranges, draw_series, plot_series

WHITE = 255


def ink(pixels):
    """How many pixels in the middle of the plot, away from names and axes, are not white."""
    inner = pixels.numpy()[:, 5:-60, 130:-30]
    return int((inner.min(0) < WHITE).sum())


def test_a_channel_has_one_range_in_all_series():
    one, other = np.array([[1.0, np.nan], [3.0, np.nan]]), np.array([[-2.0, np.nan]])
    assert channel_ranges([one, other]).tolist() == [[-2, 3], [0, 1]]


def test_what_was_not_measured_is_a_gap():
    whole = np.sin(np.linspace(0, 20, 400))[:, None]
    gap = whole.copy()
    gap[100:300] = np.nan
    ranges = channel_ranges([whole])
    assert 0 < ink(plot_series(gap, ranges, ["x"])) < 0.7 * ink(plot_series(whole, ranges, ["x"]))
    assert ink(plot_series(whole * np.nan, ranges, ["x"])) == 0


def test_a_sheet_has_a_tile_for_each_series():
    series = [np.random.default_rng(i).normal(size=(30, 2)) for i in range(4)]
    one = draw_series(series[:1], ["first"], ["x", "y"], rate=10)
    four = draw_series(series, ["first", "second", "third", "fourth"], ["x", "y"], rate=10)
    assert four.width > 1.9 * one.width - 40 and four.height > 1.9 * one.height - 40


@pytest.mark.parametrize("count", [1, MAX_LANES, MAX_LANES + 3])
def test_many_channels_and_any_letters(count):
    channels = [f"가속도 {number} with a long name" for number in range(count)]
    sheet = draw_series([np.ones((1, count))], ["걷기"], channels)
    assert sheet.height < 40 * MAX_LANES + 150


def test_pyplot_is_not_touched():
    code = (
        "import sys, numpy; from jumok.drawing.series import draw_series; "
        "draw_series([numpy.ones((3, 1))], ['a'], ['x']); print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
