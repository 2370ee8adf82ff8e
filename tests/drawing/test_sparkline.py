"""Signals as small line drawings."""

import re
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from jumok.drawing.sparkline import SPARK_LANES, SPARK_POINTS, means, sparkline, sparkline_url


def paths(svg: str) -> list[list[tuple[str, float, float]]]:
    """The commands and points of each line."""
    lines = [one.attrib["d"] for one in ElementTree.fromstring(svg)]
    found = [re.findall(r"([ML])([\d.]+) ([\d.]+)", line) for line in lines]
    return [[(command, float(x), float(y)) for command, x, y in line] for line in found]


def test_a_line_rises_from_the_lower_left_to_the_upper_right():
    (line,) = paths(sparkline([[0, 1, 2]], width=40, height=20))
    assert line == [("M", 0, 18), ("L", 20, 10), ("L", 40, 2)]


def test_a_missing_value_breaks_the_line_and_channels_have_lanes():
    first, second, empty = paths(sparkline([[1, None, 3], [5, 5, 5], [None, None]], width=40, height=30))
    assert [command for command, _, _ in first] == ["M", "M"]
    assert all(10 <= y <= 20 for _, _, y in second) and empty == []


def test_long_signals_are_means_and_of_many_channels_the_first_are_drawn():
    values = [float(i) for i in range(10 * SPARK_POINTS)]
    assert means(values) == pytest.approx([10 * i + 4.5 for i in range(SPARK_POINTS)])
    assert means([None, None]) == [None, None] and means([]) == []
    assert len(paths(sparkline([values] * (SPARK_LANES + 3)))) == SPARK_LANES
    svg = unquote(sparkline_url([values]).removeprefix("data:image/svg+xml,"))
    assert svg == sparkline([values])
