"""Cells that stand for series: paths, parts of files, and lists of numbers.

- `PATH`: a .csv, .tsv, .jsonl, .parquet or .npy file, one example
- `PATH#NAME[17]`: row 17 of the array NAME (N, T, C) of a .npz file; `PATH#[17]` of a .npy file
- `PATH#1200:1536`: the rows 1200 to 1535 of a table, counted from 0 below its names
- `PATH#1200:1536@hour+weekday`: where these rows are in the day and in the week, by the clock of the table
- `[[1, 2], [3, null]]`: time steps, each with its channels; `[1, 2, 3]` of one channel; null was not measured
"""

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from jumok.data.cache.states import FileState, state_of
from jumok.data.series.arrays import ARRAY_SUFFIXES, read_array
from jumok.data.series.calendar import calendar_series
from jumok.data.series.checking import expect_forward_clock
from jumok.data.series.gaps import mark_gaps
from jumok.data.series.opened import TABLE_SUFFIXES
from jumok.data.series.signal import Series, as_samples, name_channels
from jumok.data.series.tables import SignalTable, read_signal_table
from jumok.data.tables.faults import fail
from jumok.wording import quantity

MAX_KEPT_BYTES = 2**29  # bytes of whole files that are kept
MAPPED_BYTES = 2**16  # that an array counts which is mapped into memory, not read
PART = re.compile(
    r"#(?:(?P<name>\w*)(?:\[(?P<row>\d+)\])?|(?P<first>\d+):(?P<end>\d+)(?:@(?P<calendar>[a-z+]+))?)$"
)


class CellPath(NamedTuple):
    """A cell that names a file, or a part of it."""

    path: Path
    array: str = ""
    row: int | None = None  # of the array
    span: tuple[int, int] | None = None  # of the rows of a table
    calendar: tuple[str, ...] = ()  # periods of its clock, instead of its columns


def read_series(
    cell: str,
    root: Path,
    channels: Sequence[str] | None = None,
    time: str | None = None,
    gaps: Literal["keep", "mark"] = "keep",
) -> Series:
    """Read the series that a cell stands for.

    Files are read once and kept, up to `MAX_KEPT_BYTES`, until they change. Steps without any value at the end of a row
    of an array (N, T, C) are padding and are left out.

    Args:
        cell: The text of the cell.
        root: The folder where relative paths start.
        channels: The columns to read, or the names of all channels where they have none; None reads all.
        time: The column of the clock, if it is not called time, timestamp, date or datetime.
        gaps: Whether missing samples of a regular clock are marked by rows of NaN.

    Returns:
        The recording; its values are not shared with the kept file.

    Raises:
        UnreadableFile: The cell or its file cannot be read.
    """
    if cell.lstrip().startswith("["):
        return inline_series(cell, channels)
    place = parse_cell(cell, root)
    if place.path.name.lower().removesuffix(".gz").endswith(TABLE_SUFFIXES):
        series = part_of_table(place, channels, time)
        return mark_gaps(str(place.path), series) if gaps == "mark" else series
    if place.path.suffix.lower() in ARRAY_SUFFIXES:
        return part_of_array(place, channels)
    problem = "is no series"
    raise fail(
        place.path, None, problem, "name a .csv, .tsv, .jsonl, .parquet, .npy or .npz file", "wrong_format"
    )


def parse_cell(cell: str, root: Path) -> CellPath:
    """The file that a cell names, and which part of it."""
    found = PART.search(cell)
    if found is None:
        return CellPath(root / cell)
    path, first, row = root / cell[: found.start()], found["first"], found["row"]
    if first is not None:
        periods = (found["calendar"] or "").split("+")
        return CellPath(path, "", None, (int(first), int(found["end"])), tuple(filter(None, periods)))
    return CellPath(path, found["name"], None if row is None else int(row))


def part_of_table(place: CellPath, channels: Sequence[str] | None, time: str | None) -> Series:
    """A table, or some of its rows, as a recording; raises UnreadableFile."""
    channels = None if place.calendar else channels
    key = ("table", None if channels is None else tuple(channels), time)
    table: SignalTable = KEPT_FILES.get(place.path, key, lambda path: read_signal_table(path, channels, time))
    values, names, times = table.recording
    first, end = place.span or (0, len(values))
    if place.calendar:
        return calendar_series(str(place.path), times, (first, end), place.calendar)
    if not 0 <= first < end <= len(values):
        problem = f"has {quantity(len(values), 'row')}, so that {first}:{end} are not in it"
        raise fail(place.path, None, problem, f"name rows within 0:{len(values)}", "missing_rows")
    if times is not None:
        times = times[first:end]
        expect_forward_clock(str(place.path), times, table.lines[first:end])
    return Series(values[first:end].copy(), names, times)


def part_of_array(place: CellPath, channels: Sequence[str] | None) -> Series:
    """An array, or one of its rows, as a recording; raises UnreadableFile."""
    file = str(place.path)
    array = KEPT_FILES.get(place.path, ("array", place.array), lambda path: read_array(path, place.array))
    if array.dtype.kind not in "iufb":
        raise fail(file, None, f"holds {array.dtype}, expected numbers", "save it as float32", "bad_value")
    if place.row is not None:
        if not array.ndim or place.row >= len(array):
            problem = (
                f"has {quantity(len(array) if array.ndim else 0, 'row')}, so that [{place.row}] is not in it"
            )
            raise fail(file, None, problem, "name one of them, from 0", "missing_rows")
        array = array[place.row]
    if array.ndim not in (1, 2) or not array.size:
        wanted = "(T, C) or (T,)" if place.row is None else "rows (T, C) or (T,)"
        problem = f"has shape {array.shape}, expected {wanted}"
        raise fail(file, None, problem, "name a row of it, like file.npy#[0]", "bad_shape")
    values = as_samples(file, array if array.ndim == 2 else array[:, None])
    if place.row is not None:
        values = without_padding(values)
    return Series(values, name_channels(file, values.shape[1], channels))


def without_padding(values: np.ndarray) -> np.ndarray:
    """Values (T, C) without the steps at their end that have no value; one step stays."""
    measured = np.flatnonzero(~np.isnan(values).all(1))
    return values[: max(1, measured[-1] + 1 if len(measured) else 1)]


def inline_series(cell: str, channels: Sequence[str] | None) -> Series:
    """A list of numbers, or of lists of numbers, as a recording; raises UnreadableFile."""
    try:
        steps = json.loads(cell, parse_constant=json_constant)
    except (ValueError, RecursionError) as error:
        problem = f"is no list of numbers ({error})"
        raise fail(
            "", None, problem, "write [[1, 2], [3, 4]], a list for each time step", "bad_series"
        ) from None
    return series_of_lists(steps, channels)


def json_constant(name: str) -> float:
    """NaN, which Python writes into JSON; raises ValueError for infinity."""
    if name != "NaN":
        raise ValueError(f"{name} is no number")
    return np.nan


def series_of_lists(steps: Sequence[Any], channels: Sequence[str] | None) -> Series:
    """Lists of numbers, one for each time step, as a recording; None was not measured; raises UnreadableFile."""
    rows = [step if isinstance(step, list | tuple) else [step] for step in steps]
    remedy = "write as many numbers for each time step, null where nothing was measured"
    if not rows or not rows[0]:
        raise fail("", None, "is a series without values", remedy, "empty_side")
    for number, row in enumerate(rows):
        if len(row) != len(rows[0]):
            problem = (
                f"has {quantity(len(row), 'value')} at time step {number}, but {len(rows[0])} at the first"
            )
            raise fail("", None, problem, remedy, "channel_count")
        for value in row:
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                problem = f"has {value!r} at time step {number}, expected a number"
                raise fail(
                    "", None, problem, "write numbers, or null where nothing was measured", "bad_number"
                )
    values = np.array(
        [[np.nan if value is None else value for value in row] for row in rows], dtype=np.float64
    )
    return Series(as_samples("", values), name_channels("", values.shape[1], channels))


class KeptFiles:
    """Files that were read, the last ones used up to a number of bytes; read again when they change."""

    def __init__(self, room: int) -> None:
        self.room = room
        self._kept: OrderedDict[tuple[Path, Any], tuple[FileState, Any]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, path: Path, key: Any, read: Callable[[Path], Any]) -> Any:
        """What `read` gives for a file, kept by path and key.

        Args:
            path: The file; when it has changed it is read again.
            key: What else the value depends on.
            read: Reads the file.

        Returns:
            The value.
        """
        state = state_of(path)
        with self._lock:
            found = self._kept.get((path, key))
            if found is not None and found[0] == state and state is not None:
                self._kept.move_to_end((path, key))
                return found[1]
        value = read(path)
        with self._lock:
            _, before = self._kept.pop((path, key), (None, None))
            self._kept[path, key] = (state, value)
            self._bytes += size_of(value) - size_of(before)
            while len(self._kept) > 1 and self._bytes > self.room:
                _, (_, oldest) = self._kept.popitem(last=False)
                self._bytes -= size_of(oldest)
        return value


def size_of(value: Any) -> int:
    """The bytes that a kept array or table counts; a memory-mapped array counts little."""
    if value is None:
        return 0
    arrays = (value.recording.values, value.lines) if isinstance(value, SignalTable) else (value,)
    return sum(MAPPED_BYTES if isinstance(array, np.memmap) else array.nbytes for array in arrays)


KEPT_FILES = KeptFiles(MAX_KEPT_BYTES)
