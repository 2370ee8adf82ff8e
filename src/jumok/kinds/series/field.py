"""Series: signals of one or more channels, read from tables, arrays and lists."""

from functools import partial
from operator import attrgetter
from pathlib import Path

import numpy as np
from torch import nn

from jumok.baselines.features import series_features
from jumok.data.series.cells import read_series
from jumok.data.series.checking import expect_channels
from jumok.data.series.signal import Series
from jumok.data.series.statistics import measure_series
from jumok.data.tables.faults import UnreadableFile
from jumok.errors import ConfigurationError, DataError
from jumok.kinds.contract import ArrayForm, Batching, Blueprint, InputField
from jumok.kinds.fitting import FieldContext, SeriesUnits
from jumok.kinds.learning_rates import learning_rate_by_width
from jumok.kinds.saved import saved_json
from jumok.kinds.series.codec import (
    SeriesCodec,
    SeriesFacts,
    SeriesPage,
    SeriesTransform,
    SeriesValue,
)
from jumok.kinds.series.options import SeriesInput
from jumok.kinds.series.survey import SeriesSurvey
from jumok.wording import quantity

LARGEST_BATCH = 64  # of a batch, where the experiment does not say it


def series_input(facts: SeriesFacts) -> InputField:
    """A series that is read by a recurrent network, a Transformer over patches, or convolutions."""
    count = len(facts.channels)
    augmentation = facts.options.augment.build(facts.center, facts.scale)
    page = SeriesPage(facts)

    def build(plan: Blueprint) -> nn.Module:
        return facts.options.encoder.build(count, plan.model, facts.longest)

    return InputField(
        name=facts.name,
        kind="series",
        summary=f"{quantity(count, 'channel')}, up to {quantity(facts.longest, 'time step')}",
        architecture=facts.options.encoder.architecture,
        codec=SeriesCodec(facts),
        build=build,
        learning_rate=learning_rate_by_width,
        batching=Batching(lengths=attrgetter("lengths"), max_examples=LARGEST_BATCH, unit="states"),
        reads_files=True,
        array=ArrayForm((-1, count), is_pixels=False),
        transform=None if augmentation is None else SeriesTransform(facts.name, augmentation),
        page=page,
        thumbnail=page.thumbnail,
        summary_features=partial(summarize_series, facts),
        survey=SeriesSurvey(facts),
    )


def summarize_series(facts: SeriesFacts, value: SeriesValue) -> np.ndarray:
    """The summary features of a series, whose channels are normalized first."""
    return series_features(facts.normalize(facts.read(value).values).numpy())


def fit_input(name: str, options: SeriesInput, context: FieldContext) -> InputField:
    """Learn the channels, their mean and deviation, and the longest series from the training data."""
    data = context.training_data
    cells = list(data.texts(name))
    first = read_series(cells[0], data.root, options.channel_names, options.time)

    def read(cell: str, root: Path) -> Series:
        series = read_series(cell, root, first.names, options.time, options.gaps)
        expect_channels(cell, series, first.names, options.channel_count or len(first.channels))
        return series

    try:
        statistics, longest = measure_series(cells, data.root, read)
        if options.gaps == "mark":
            longest = max(len(read(cell, data.root).values) for cell in cells)
    except UnreadableFile as unreadable:  # it has changed since its row was read
        raise DataError(str(unreadable)) from None
    lost = [channel for channel, count in zip(first.channels, statistics.measured, strict=True) if not count]
    if lost:
        raise DataError(
            f"channel {lost[0]!r} of {name} was never measured in train (all NaN), so nothing can be learned of it; "
            "fill it in, or leave it out by channels:"
        )
    require_axes(name, options, len(first.channels))
    center, scale = statistics.mean.tolist(), statistics.scale.tolist()
    if options.normalize == "none":
        center, scale = [0.0] * len(center), [1.0] * len(scale)
    units = SeriesUnits(options.channel_names, first.channels, np.array(center), np.array(scale))
    context.share_series(name, units)
    return series_input(SeriesFacts(name, options, first.channels, tuple(center), tuple(scale), longest))


def require_axes(name: str, options: SeriesInput, channels: int) -> None:
    """Check that the channels are the three axes of sensors where these are rotated; raises ConfigurationError."""
    if options.augment.rotate and channels % 3:
        raise ConfigurationError(
            f"inputs.{name}.augment.rotate turns each three channels, the axes x, y, z of a sensor, in this order; "
            f"{name} has {channels} channels, no multiple of 3; leave rotate out, or name the axes by channels:"
        )


def load_input(name: str, options: SeriesInput, context: FieldContext, folder: Path) -> InputField:
    """The series input of a saved model."""
    with saved_json(folder / f"{name}.series.json") as learned:
        channels, center, scale = (tuple(learned[key]) for key in ("channels", "center", "scale"))
        longest = int(learned["longest"])
    return series_input(SeriesFacts(name, options, channels, center, scale, longest))
