"""What the channels of series are like in each split, and a drawing of some."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jumok.data.series.statistics import ChannelStatistics, measure_series, shortest_number
from jumok.drawing.series import draw_series
from jumok.kinds.series.codec import SeriesColumn, SeriesFacts
from jumok.kinds.survey import ValueTable
from jumok.values import SeriesBatch

if TYPE_CHECKING:
    from PIL import Image

OTHER_UNIT = (
    8.0  # between the deviations of a channel in two splits, from which on their units seem to differ
)
FAR_AWAY = 8.0  # deviations between the means of a channel in two splits, from which on it is told
TABLE_COLUMNS = ("split", "channel", "steps", "mean", "deviation", "lowest", "highest", "missing")


@dataclass(frozen=True)
class SeriesSurvey:
    """Measures and draws the series of an input."""

    facts: SeriesFacts

    def table(self, splits: Mapping[str, tuple[SeriesColumn, np.ndarray]]) -> ValueTable:
        """A line for each channel of each split; remarks where a channel seems to have another unit than in train."""
        measured = {name: self.measure(*split) for name, split in splits.items() if len(split[1])}
        rows = [row for name, statistics in measured.items() for row in self.lines(name, statistics)]
        remarks = [
            remark
            for name, statistics in measured.items()
            if name != "train" and "train" in measured
            for remark in self.differences(name, statistics, measured["train"])
        ]
        return ValueTable(TABLE_COLUMNS, rows, remarks)

    def measure(self, column: SeriesColumn, rows: np.ndarray) -> ChannelStatistics:
        """The statistics of the series of some rows, each sample once."""
        cells = [str(column.given[int(row)]) for row in rows]
        return measure_series(filter(None, cells), column.root, column.facts.read_whole)[0]

    def lines(self, split: str, statistics: ChannelStatistics) -> Iterator[tuple[str, ...]]:
        """The rows of the table for one split."""
        for number, channel in enumerate(self.facts.channels):
            numbers = [
                shortest_number(float(values[number]))
                for values in (statistics.mean, statistics.deviation, statistics.lowest, statistics.highest)
            ]
            missing = f"{100 * statistics.missing[number]:.2f} %"
            yield split, channel, f"{statistics.steps:,}", *numbers, missing

    def differences(self, split: str, here: ChannelStatistics, train: ChannelStatistics) -> Iterator[str]:
        """Channels whose values are of another size, or far from those of train.

        Args:
            split: Name of the split.
            here: The statistics of its channels.
            train: Those of train.

        Yields:
            A sentence for each channel that differs.
        """
        for number, channel in enumerate(self.facts.channels):
            if min(here.measured[number], train.measured[number]) < 2:
                continue
            what = f"{split}: channel {channel!r} of {self.facts.name}"
            ours, theirs = float(here.deviation[number]), float(train.deviation[number])
            small, large = sorted((ours, theirs))
            means = float(here.mean[number]), float(train.mean[number])
            if small and large >= OTHER_UNIT * small:
                yield (
                    f"{what} varies by {shortest_number(ours)}, in train by {shortest_number(theirs)} (a factor of "
                    f"{shortest_number(large / small)}); check that its unit is the same"
                )
            elif theirs and abs(means[0] - means[1]) >= FAR_AWAY * theirs:
                yield (
                    f"{what} has a mean of {shortest_number(means[0])}, in train {shortest_number(means[1])}, which is "
                    f"{abs(means[0] - means[1]) / theirs:.0f} deviations away; check its unit and offset"
                )

    def draw(self, batch: SeriesBatch, titles: Sequence[str]) -> "Image.Image":
        """The series of a batch in the units that they were measured in."""
        center, scale = np.array(self.facts.center), np.array(self.facts.scale)
        series = []
        for values, observed, valid in zip(*(one.numpy() for one in batch), strict=True):
            seen = np.where(observed, values * scale + center, np.nan)
            series.append(seen[valid])
        return draw_series(series, titles, self.facts.channels, self.facts.options.rate)
