"""Series of rows and batches, and on a page."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from jumok.data.cache.kept import KEPT_BYTES, Kept
from jumok.data.cache.store import TextStore
from jumok.data.series.augmentation import SeriesAugmentation
from jumok.data.series.cells import read_series, series_of_lists
from jumok.data.series.checking import expect_channels, expect_length
from jumok.data.series.signal import Series, numbered
from jumok.data.tables.faults import UnreadableFile
from jumok.drawing.sparkline import sparkline_url
from jumok.errors import DataError
from jumok.files import write_json
from jumok.kinds.axes import Axis, interval_axis
from jumok.kinds.contract import Example
from jumok.kinds.series.options import SeriesInput
from jumok.values import Memory, SeriesBatch

SeriesValue = str | Series  # a cell, or a series in memory
MAX_POINTS = 2000  # of a channel on a page


@dataclass(frozen=True)
class SeriesFacts:
    """A series input that knows what the series of its training were like."""

    name: str
    options: SeriesInput
    channels: tuple[str, ...]
    center: tuple[float, ...]  # of each channel, subtracted
    scale: tuple[float, ...]  # of each channel, divided by
    longest: int  # time steps of the longest series of train

    @property
    def wanted(self) -> tuple[str, ...] | None:
        """The channels to look for in a table by their names; None where they have none."""
        return None if self.channels == numbered(len(self.channels)) else self.channels

    def read(self, given: SeriesValue, root: Path = Path()) -> Series:
        """The samples of a cell or value; DataError if it cannot be read, has other channels or is too long."""
        series = self.read_whole(given, root)
        try:
            expect_length(file_of(given), series, self.options.max_length)
        except UnreadableFile as unreadable:
            raise self.refusal(unreadable) from None
        return series

    def read_whole(self, given: SeriesValue, root: Path = Path()) -> Series:
        """The samples of a cell or value, however long; DataError if it cannot be read or has other channels."""
        try:
            if isinstance(given, str):
                given = read_series(given, root, self.wanted, self.options.time, self.options.gaps)
            expect_channels(file_of(given), given, self.wanted, len(self.channels))
        except UnreadableFile as unreadable:
            raise self.refusal(unreadable) from None
        return given

    def refusal(self, unreadable: UnreadableFile) -> DataError:
        """The error for a series that cannot be read; one that stands in no file is told by the name of its input."""
        fault = unreadable.fault
        return DataError(
            str(fault) if fault.file else f"{self.name!r} of an input {fault.problem}; {fault.remedy}"
        )

    def normalize(self, values: np.ndarray) -> Tensor:
        """Values (T, C) less the mean of their channel, over its deviation; NaN stays."""
        scaled = (values.astype(np.float64) - self.center) / self.scale
        return torch.from_numpy(scaled.astype(np.float32))

    def count_states(self, steps: int) -> int:
        """The states of a series of so many time steps."""
        return self.options.encoder.count_states(steps, len(self.channels))


def file_of(given: SeriesValue) -> str:
    """The file that a cell names; empty for what stands in the cell or in memory."""
    return given if isinstance(given, str) and not given.lstrip().startswith("[") else ""


@dataclass(frozen=True)
class SeriesColumn:
    """Series that are read on first use; as many as `kept` has room for are kept, normalized."""

    facts: SeriesFacts
    given: Sequence[SeriesValue]
    root: Path
    kept: Kept = field(default_factory=Kept)

    def __getitem__(self, i: int) -> Tensor:
        return self.kept.get(i, lambda: self.facts.normalize(self.series(i).values))

    def series(self, i: int) -> Series:
        """A series as it was measured."""
        return self.facts.read(self.given[i], self.root)

    @cached_property
    def lengths(self) -> np.ndarray:
        """The states of each series (N,), 0 where a row lacks it."""
        counted = (
            self.facts.count_states(len(self[i])) if self.given[i] else 0 for i in range(len(self.given))
        )
        return np.fromiter(counted, np.int64, len(self.given))


@dataclass(frozen=True)
class SeriesCodec:
    """Series of rows and batches."""

    facts: SeriesFacts

    @property
    def digest(self) -> str:
        """The channels, and what they are normalized by."""
        return json.dumps([self.facts.channels, self.facts.center, self.facts.scale])

    def column(self, store: TextStore, root: Path) -> SeriesColumn:
        """The series of all rows, read on first use."""
        return SeriesColumn(self.facts, list(store.texts(self.facts.name)), root, Kept(KEPT_BYTES))

    def parse(self, value: object) -> SeriesValue:
        """The path of a file, or a list or array (T, C) or (T,) of numbers."""
        name = self.facts.name
        if isinstance(value, Series):
            return value
        if isinstance(value, str | Path) and str(value).strip():
            text = str(value).strip()
            return self.parse_object(text) if text.startswith("{") else text
        if isinstance(value, np.ndarray) and value.dtype.kind in "iufb" and value.ndim in (1, 2):
            value = value.astype(np.float64).tolist()
        if isinstance(value, list | tuple) and value:
            try:
                return series_of_lists(with_numbers(value), self.facts.wanted)
            except UnreadableFile as unreadable:
                raise self.facts.refusal(unreadable) from None
        raise DataError(
            f"{name!r} of an input must be the path of a .csv or .npy file, or a list of numbers; got {value!r:.80}"
        )

    def parse_object(self, text: str) -> SeriesValue:
        """A line of JSON that names the series; DataError if it does not."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{self.facts.name!r} of an input is no valid JSON ({error})") from None
        if self.facts.name not in value:
            raise DataError(f"an input has no {self.facts.name!r}; got {', '.join(map(repr, value))}")
        return self.parse(value[self.facts.name])

    def parse_cell(self, text: str, root: Path) -> str:
        """A cell is a path, or a list of numbers."""
        return text if text.lstrip().startswith("[") else str(root / text)

    def is_empty(self, value: SeriesValue) -> bool:
        """A series is never empty."""
        return False

    def encode(self, values: Sequence[SeriesValue]) -> SeriesColumn:
        """Parsed series as a column."""
        return SeriesColumn(self.facts, values, Path(), Kept(KEPT_BYTES))

    def collate(self, items: Sequence[Tensor]) -> SeriesBatch:
        """Series (T, C) of different lengths to one batch (B, L, C)."""
        lengths = torch.tensor([len(item) for item in items])
        values = nn.utils.rnn.pad_sequence(
            list(items), batch_first=True, padding_value=torch.nan
        )  # (B, L, C)
        valid = torch.arange(values.shape[1]) < lengths[:, None]
        observed = ~values.isnan()
        return SeriesBatch(values.nan_to_num(0.0), observed, valid)

    def save(self, folder: Path, module: nn.Module) -> None:
        """Write the channels, what they are normalized by, and the longest series."""
        facts = self.facts
        learned = {"channels": facts.channels, "center": facts.center, "scale": facts.scale}
        write_json(folder / f"{facts.name}.series.json", {**learned, "longest": facts.longest})


def with_numbers(value: Any) -> Any:
    """Lists whose numbers may stand as texts, as a reader of JSON gives them that keeps their digits."""
    if isinstance(value, list | tuple):
        return [with_numbers(one) for one in value]
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


@dataclass(frozen=True)
class SeriesTransform:
    """Varies series for training."""

    name: str
    augmentation: SeriesAugmentation

    def __call__(self, examples: Sequence[Example], random: np.random.Generator | None) -> Sequence[Example]:
        if random is None:
            return examples
        return [{**items, self.name: self.augmentation(items[self.name], random)} for items in examples]


@dataclass(frozen=True)
class SeriesPage:
    """A series on a page that looks into a model."""

    facts: SeriesFacts

    def parse_posted(self, value: object) -> object:
        """A list of numbers; a path would be one of this machine, and is refused."""
        if isinstance(value, list) or (isinstance(value, str) and value.lstrip().startswith("[")):
            return value
        name = self.facts.name
        raise DataError(
            f"{name} is a series; send a list of numbers for each time step, or the number of an example",
            f"{name}에는 시계열이 필요합니다. 시점마다 숫자 목록을 보내거나 예시를 고르세요.",
        )

    def label(self, value: SeriesValue) -> str:
        """The name of the file, or how long it is."""
        if isinstance(value, str) and not value.startswith("["):
            return Path(value).name
        series = self.facts.read(value)
        return f"{len(series.values):,} × {len(self.facts.channels)}"

    def to_json(self, value: SeriesValue) -> dict[str, Any]:
        """The channels and their values as they were measured, thinned out where there are many."""
        facts, series = self.facts, self.facts.read(value)
        steps = shown_steps(series.values)
        shown = [
            [None if np.isnan(one) else float(one) for one in channel] for channel in series.values[steps].T
        ]
        times = None if series.times is None else list(map(json_time, series.times[steps]))
        return {
            "name": facts.name,
            "kind": "series",
            "channels": list(facts.channels),
            "length": len(series.values),
            "rate": facts.options.rate,
            "times": times,
            "unit": facts.options.unit or "",
            "values": shown,
            "steps": steps.tolist(),
        }

    def thumbnail(self, value: SeriesValue) -> str:
        """The first channels as a small line drawing, a data URL."""
        return sparkline_url(self.to_json(value)["values"])

    def axis(self, value: SeriesValue, batch: SeriesBatch, memory: Memory) -> Axis:
        """The stretch of time steps of each state."""
        if memory.time is None:
            raise ValueError("the memory of a series says which time steps its states are of")
        channels = list(self.facts.channels) if memory.time.channels > 1 else None
        return interval_axis(self.facts.name, memory.time.intervals.tolist(), channels, "step")


def shown_steps(values: np.ndarray) -> np.ndarray:
    """The time steps of values (T, C) that a page shows: all, or where each channel is lowest and highest in bins."""
    steps, channels = values.shape
    if steps <= MAX_POINTS:
        return np.arange(steps)
    bins = max(1, MAX_POINTS // (2 * channels))
    edges = np.linspace(0, steps, bins + 1).astype(int)
    chosen = {0, steps - 1}
    for first, end in zip(edges, edges[1:], strict=False):
        part = values[first:end]
        real = ~np.isnan(part)
        chosen.update((first + np.where(real, part, np.inf).argmin(0)).tolist())
        chosen.update((first + np.where(real, part, -np.inf).argmax(0)).tolist())
    return np.array(sorted(chosen))


def json_time(time: np.datetime64 | np.float64) -> str | float:
    """A time as a number, or a date in ISO 8601."""
    return str(time) if isinstance(time, np.datetime64) else float(time)
