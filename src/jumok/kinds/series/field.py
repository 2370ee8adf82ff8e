"""Series: signals of one or more channels, read from tables, arrays and lists."""

import json
from pathlib import Path

from torch import nn

from jumok.data.series.cells import read_series
from jumok.data.series.checking import expect_channels
from jumok.data.series.signal import Series
from jumok.data.series.statistics import measure_series
from jumok.data.tables.faults import UnreadableFile
from jumok.errors import DataError, RunError
from jumok.files import read_whole
from jumok.kinds.blocks import learning_rate_by_width
from jumok.kinds.contract import Batching, Blueprint, InputField
from jumok.kinds.fitting import FieldContext, TrainingData
from jumok.kinds.series.codec import (
    SeriesCodec,
    SeriesFacts,
    SeriesPage,
    SeriesTransform,
    numbered,
    state_counts,
)
from jumok.kinds.series.options import SeriesInput

LARGEST_BATCH = 64  # of a batch, where the experiment does not say it


def series_input(facts: SeriesFacts) -> InputField:
    """A series that is read by a recurrent network, a Transformer over patches, or convolutions."""
    augmentation, count = facts.options.augment.build(), len(facts.channels)
    page = SeriesPage(facts)

    def build(plan: Blueprint) -> nn.Module:
        return facts.options.encoder.build(count, plan.model, facts.longest)

    return InputField(
        name=facts.name,
        kind="series",
        summary=f"{count} channel{'s' * (count != 1)}, up to {facts.longest:,} time steps",
        architecture=facts.options.encoder.architecture,
        codec=SeriesCodec(facts),
        build=build,
        learning_rate=learning_rate_by_width,
        batching=Batching(lengths=state_counts, max_examples=LARGEST_BATCH, unit="states"),
        reads_files=True,
        transform=None if augmentation is None else SeriesTransform(facts.name, augmentation),
        page=page,
        thumbnail=page.thumbnail,
    )


def fit_input(name: str, options: SeriesInput, context: FieldContext) -> InputField:
    """Learn the channels, their mean and deviation, and the longest series from the training data."""
    data = context.training_data
    cells = list(data.texts(name))
    channels = read_training(cells[0], data, options, options.channel_names).channels
    names = None if channels == numbered(len(channels)) else channels

    def read(cell: str) -> Series:
        return read_training(cell, data, options, names)

    statistics, longest = measure_series(cells, data.root, read)
    lost = [channel for channel, count in zip(channels, statistics.measured, strict=True) if not count]
    if lost:
        raise DataError(
            f"channel {lost[0]!r} of {name} was never measured in train (all NaN), so nothing can be learned of it; "
            "fill it in, or leave it out by channels:"
        )
    center, scale = statistics.mean, statistics.scale
    if options.normalize == "none":
        center, scale = center * 0, scale * 0 + 1
    return series_input(
        SeriesFacts(name, options, channels, tuple(center.tolist()), tuple(scale.tolist()), longest)
    )


def read_training(
    cell: str, data: TrainingData, options: SeriesInput, names: tuple[str, ...] | None
) -> Series:
    """A series of the training data.

    Args:
        cell: The cell.
        data: The training data.
        options: The options of the input.
        names: The channels to read; None if they have no names.

    Returns:
        The series.

    Raises:
        DataError: It cannot be read, or has other channels.
    """
    try:
        series = read_series(cell, data.root, names, options.time)
        expect_channels(cell, series, None, options.channel_count)
        return series
    except UnreadableFile as unreadable:
        raise DataError(str(unreadable)) from None


def load_input(name: str, options: SeriesInput, context: FieldContext, folder: Path) -> InputField:
    """The series input of a saved model."""
    file = folder / f"{name}.series.json"
    try:
        learned = json.loads(read_whole(file))
        channels, center, scale = (tuple(learned[key]) for key in ("channels", "center", "scale"))
        longest = int(learned["longest"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{file} cannot be read ({error}); copy the whole model folder again") from None
    return series_input(SeriesFacts(name, options, channels, center, scale, longest))
