"""What a forecast has learned of its data: its channels, their units, and the input that goes on."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jumok.data.series.cells import parse_cell, read_series
from jumok.data.series.signal import Series
from jumok.data.series.statistics import channel_statistics, merged_spans
from jumok.data.tables.faults import refusing_unreadable
from jumok.errors import ConfigurationError, DataError
from jumok.files import write_json
from jumok.kinds.fitting import FieldContext, SeriesUnits
from jumok.kinds.forecast.options import ForecastOutput
from jumok.kinds.saved import saved_json
from jumok.metrics.forecasts import ChannelUnits, TrueFuture
from jumok.wording import quantity


class Past(NamedTuple):
    """The input that a forecast goes on with."""

    name: str
    steps: int  # of its first window
    channels: int  # of the input
    places: tuple[int, ...]  # of the channels that are forecast among them
    center: np.ndarray  # (C,) of each channel that is forecast, subtracted from it in batches
    scale: np.ndarray  # (C,), by which it is divided then

    def to_json(self) -> dict[str, Any]:
        """The same in plain numbers."""
        return {**self._asdict(), "center": self.center.tolist(), "scale": self.scale.tolist()}


@dataclass(frozen=True)
class Forecast:
    """A forecast whose channels and units are known."""

    name: str
    options: ForecastOutput
    channels: tuple[str, ...]
    center: np.ndarray  # (C,) mean of each channel within the training part
    scale: np.ndarray  # (C,) its deviation
    naive: np.ndarray  # (C,) mean absolute error of the value of the last season within it
    past: Past | None

    @property
    def units(self) -> ChannelUnits:
        """What errors are divided by."""
        return ChannelUnits(self.scale, self.naive)

    @property
    def required_inputs(self) -> tuple[str, ...]:
        """The series that it goes on with, and the covariates."""
        past = () if self.past is None else (self.past.name,)
        return (*past, *self.options.covariates)

    @cached_property
    def digest(self) -> str:
        """What decides how values become tensors."""
        return json.dumps(self.to_json(), sort_keys=True)

    def read(self, cell: str, root: Path) -> Series:
        """The steps to come that a cell stands for; DataError if they are not as many as the horizon."""
        with refusing_unreadable():
            found = read_series(cell, root, self.channels)
        if len(found.values) != self.options.horizon:
            raise DataError(
                f"{self.name}: {cell[:80]} has {quantity(len(found.values), 'step')} to come, expected a horizon of "
                f"{self.options.horizon}; write as many, or change horizon"
            )
        return found

    def standardize(self, values: np.ndarray) -> np.ndarray:
        """Values (..., C) of the data, with mean 0 and deviation 1 within the training part."""
        return np.asarray((values - self.center) / self.scale, dtype=np.float32)

    def truth(self, cells: Sequence[str], root: Path) -> TrueFuture:
        """What came, of all rows with the same input."""
        values = np.stack([self.read(cell, root).values for cell in cells])  # (R, H, C)
        place = None if cells[0].lstrip().startswith("[") else parse_cell(cells[0], root)
        if place is None or place.span is None:
            return TrueFuture(values)
        return TrueFuture(values, str(place.path), place.span[0])

    def to_json(self) -> dict[str, Any]:
        """All that was learned."""
        arrays = {name: getattr(self, name).tolist() for name in ("center", "scale", "naive")}
        return {
            "channels": list(self.channels),
            **arrays,
            "past": None if self.past is None else self.past.to_json(),
        }

    def save(self, folder: Path) -> None:
        """Write what was learned."""
        write_json(forecast_file(folder, self.name), self.to_json())


def forecast_file(folder: Path, name: str) -> Path:
    """The file of a forecast in the folder of a saved model."""
    return folder / f"{name}.forecast.json"


def load_forecast(name: str, options: ForecastOutput, folder: Path) -> Forecast:
    """What a saved forecast has learned; raises RunError.

    Args:
        name: Name of the output.
        options: Its options.
        folder: The model folder.

    Returns:
        What was learned.

    Raises:
        RunError: The file cannot be read.
    """
    with saved_json(forecast_file(folder, name)) as known:
        center, scale, naive = (np.array(known[key]) for key in ("center", "scale", "naive"))
        past = None if known["past"] is None else past_from_json(known["past"])
        return Forecast(name, options, tuple(known["channels"]), center, scale, naive, past)


def past_from_json(known: Mapping[str, Any]) -> Past:
    """The input that goes on, as `Forecast.to_json` wrote it."""
    center, scale = np.array(known["center"]), np.array(known["scale"])
    return Past(known["name"], known["steps"], known["channels"], tuple(known["places"]), center, scale)


def fit_forecast(name: str, options: ForecastOutput, context: FieldContext) -> Forecast:
    """Learn channels and units from the training data.

    Args:
        name: Name of the output.
        options: Its options.
        context: The training data, and the other fields.

    Returns:
        What was learned.

    Raises:
        DataError: A cell cannot be read.
    """
    source = past_input(name, options, context)
    units = None if source is None else context.series_units(source)
    channels = options.channels or (None if units is None else units.channels)
    data = context.training_data
    cells = list(data.texts(name))
    if channels is None:
        channels = read_part(cells[0], data.root, None).channels
    known = [] if source is None else [cell for cell in data.texts(source) if is_part_of_table(cell)]
    parts = [read_part(cell, data.root, channels).values for cell in merged_cells([*known, *cells])]
    found = channel_statistics(parts)
    naive = naive_error(parts, options.season)
    past = None if source is None or units is None else fit_past(name, source, units, channels, context)
    return Forecast(name, options, channels, found.mean, found.scale, naive, past)


def read_part(cell: str, root: Path, channels: Sequence[str] | None) -> Series:
    """The series of a cell; DataError where it cannot be read.

    Args:
        cell: The cell.
        root: The folder that relative paths start at.
        channels: The channels to read; None for all.

    Returns:
        The series.

    Raises:
        DataError: The cell cannot be read.
    """
    with refusing_unreadable():
        return read_series(cell, root, channels)


def is_part_of_table(cell: str) -> bool:
    """Whether a cell names rows of a table."""
    return not cell.lstrip().startswith("[") and parse_cell(cell, Path()).span is not None


def merged_cells(cells: Sequence[str]) -> list[str]:
    """Cells that hold each time step once: windows of one table that overlap become one."""
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for cell in dict.fromkeys(cells):
        if is_part_of_table(cell):
            spans[cell.rpartition("#")[0]].append(parse_cell(cell, Path()).span or (0, 0))
    windows = [f"{path}#{first}:{end}" for path, found in spans.items() for first, end in merged_spans(found)]
    return [*windows, *(cell for cell in dict.fromkeys(cells) if not is_part_of_table(cell))]


def naive_error(parts: Sequence[np.ndarray], season: int) -> np.ndarray:
    """The mean absolute difference (C,) of values a season apart in parts (T, C); 1 where it is 0 or unknown."""
    apart = [np.abs(part[season:] - part[:-season]) for part in parts if len(part) > season]
    if not apart:
        return np.ones(parts[0].shape[1])
    both = np.concatenate(apart)
    known = ~np.isnan(both)
    mean = np.where(known, both, 0).sum(0, dtype=np.float64) / np.maximum(known.sum(0), 1)
    return np.where(mean > 0, mean, 1.0)


def past_input(name: str, options: ForecastOutput, context: FieldContext) -> str | None:
    """The input that a forecast goes on with; None if none of the inputs is a series."""
    series = [one for one, found in context.inputs.items() if found.kind == "series"]
    for one in (*options.covariates, *([options.past] if options.past is not None else [])):
        if one not in series:
            known = f"inputs of kind series: {', '.join(series)}" if series else "no input is a series"
            raise ConfigurationError(f"{name} names {one!r}, which is no input of kind series; {known}")
        require_always(name, one, context)
    if options.past is not None:
        return options.past
    left = [one for one in series if one not in options.covariates]
    if len(left) > 1:
        raise ConfigurationError(
            f"{name} could go on with {' or '.join(left)}; say past: {left[0]}, or name covariates"
        )
    if left:
        require_always(name, left[0], context)
    return left[0] if left else None


def require_always(name: str, source: str, context: FieldContext) -> None:
    """Refuse an optional input that a forecast needs; raises ConfigurationError."""
    if context.inputs[source].optional:
        raise ConfigurationError(f"{name} needs {source} in every row; drop its optional")


def fit_past(
    name: str, source: str, units: SeriesUnits, channels: Sequence[str], context: FieldContext
) -> Past | None:
    """How a forecast goes on with an input; None where that has none of its channels.

    Args:
        name: The name of the forecast.
        source: The name of the input.
        units: Its channels, and how they are normalized.
        channels: Those that are forecast.
        context: The experiment.

    Returns:
        The input with the places of these channels.

    Raises:
        ConfigurationError: The input has some of them only.
    """
    there = [one for one in channels if one in units.channels]
    if not there:
        return None
    if len(there) < len(channels):
        lacking = next(one for one in channels if one not in units.channels)
        raise ConfigurationError(
            f"{name} forecasts {lacking!r}, which {source} does not have; add it to the channels of {source}"
        )
    places = [units.channels.index(one) for one in channels]
    data = context.training_data
    first = next(data.texts(source))
    steps = len(read_part(first, data.root, units.asked).values)
    return Past(source, steps, len(units.channels), tuple(places), units.center[places], units.scale[places])
