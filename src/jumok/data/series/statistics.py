"""Statistics of channels: each measured sample counts once, also where windows overlap."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from jumok.data.series.cells import parse_cell
from jumok.data.series.signal import Series


class ChannelStatistics(NamedTuple):
    """What the samples of each channel are like; those that were not measured are only counted."""

    steps: int  # time steps
    measured: np.ndarray  # (C,) how many samples there are
    mean: np.ndarray  # (C,)
    squares: np.ndarray  # (C,) sum of the squared distances from the mean
    lowest: np.ndarray  # (C,)
    highest: np.ndarray  # (C,)

    @classmethod
    def of(cls, values: np.ndarray) -> Self:
        """The statistics of values (T, C), NaN where nothing was measured."""
        real = ~np.isnan(values)
        filled = np.where(real, values, 0).astype(np.float64)
        count = real.sum(0)
        mean = filled.sum(0) / np.maximum(count, 1)
        squares = (np.where(real, filled - mean, 0) ** 2).sum(0)
        lowest = np.where(real, values, np.inf).min(0).astype(np.float64)
        highest = np.where(real, values, -np.inf).max(0).astype(np.float64)
        return cls(len(values), count, mean, squares, lowest, highest)

    def merge(self, other: "ChannelStatistics") -> "ChannelStatistics":
        """The statistics of both (Chan et al., 1979)."""
        count = self.measured + other.measured
        share = other.measured / np.maximum(count, 1)
        apart = other.mean - self.mean
        squares = self.squares + other.squares + apart**2 * self.measured * share
        return ChannelStatistics(
            self.steps + other.steps,
            count,
            self.mean + apart * share,
            squares,
            np.minimum(self.lowest, other.lowest),
            np.maximum(self.highest, other.highest),
        )

    @property
    def deviation(self) -> np.ndarray:
        """The standard deviation (C,) of the population."""
        return np.sqrt(self.squares / np.maximum(self.measured, 1))

    @property
    def missing(self) -> np.ndarray:
        """The share (C,) of samples that were not measured."""
        return 1 - self.measured / max(1, self.steps)

    @property
    def scale(self) -> np.ndarray:
        """What channels are divided by (C,): their deviation, 1 for constant ones."""
        constant = (self.lowest >= self.highest) | (self.deviation == 0)
        return np.where(constant, 1.0, self.deviation)


def channel_statistics(series: Iterable[np.ndarray]) -> ChannelStatistics:
    """The statistics of several arrays (T, C); ValueError if there are none."""
    total: ChannelStatistics | None = None
    for values in series:
        here = ChannelStatistics.of(values)
        total = here if total is None else total.merge(here)
    if total is None:
        raise ValueError("there are no series to measure")
    return total


def measure_series(
    cells: Iterable[str], root: Path, read: Callable[[str, Path], Series]
) -> tuple[ChannelStatistics, int]:
    """Measure the series of cells; equal cells are read once, and windows of a table that overlap are merged.

    Args:
        cells: The cells.
        root: The folder where relative paths start.
        read: Reads a cell whose paths start at a folder.

    Returns:
        The statistics of all samples, and the time steps of the longest series.
    """
    spans: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)  # by table, and by calendar
    whole: list[str] = []
    for cell in dict.fromkeys(cells):
        place = None if cell.lstrip().startswith("[") else parse_cell(cell, root)
        if place is None or place.span is None:
            whole.append(cell)
        else:
            path, _, part = cell.rpartition("#")
            spans[path, "".join(part.partition("@")[1:])].append(place.span)
    longest = max((end - first for windows in spans.values() for first, end in windows), default=0)

    def arrays() -> Iterator[np.ndarray]:
        nonlocal longest
        for cell in whole:
            values = read(cell, root).values
            longest = max(longest, len(values))
            yield values
        for (path, calendar), windows in spans.items():
            for parts in touching_spans(overlapping_spans(windows)):
                # where two only touch, a recording with a clock of its own may begin
                found = [read(f"{path}#{first}:{end}{calendar}", root).values for first, end in parts]
                yield found[0] if len(found) == 1 else np.concatenate(found)

    return channel_statistics(arrays()), longest


def merged_spans(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans that cover the same numbers, sorted, and do not touch."""
    merged: list[tuple[int, int]] = []
    for first, end in sorted(spans):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((first, end))
    return merged


def overlapping_spans(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans that cover the same numbers, sorted, and may touch; what overlaps is one span."""
    merged: list[tuple[int, int]] = []
    for first, end in sorted(spans):
        if merged and first < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((first, end))
    return merged


def touching_spans(spans: Sequence[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Sorted spans in groups, each of which goes on where the one before ends."""
    group: list[tuple[int, int]] = []
    for span in spans:
        if group and group[-1][1] != span[0]:
            yield group
            group = []
        group.append(span)
    if group:
        yield group


def shortest_number(value: float) -> str:
    """A number with four digits, for a table."""
    return f"{value:.4g}" if math.isfinite(value) else "–"
