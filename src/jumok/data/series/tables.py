"""Tables with a row for each time step and a column for each channel, read as recordings."""

from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jumok.data.series.clock import TIME_COLUMNS
from jumok.data.series.opened import OpenedTable, is_parquet, open_signal_table, parquet_names
from jumok.data.series.parquet_signals import parquet_samples
from jumok.data.series.signal import Series, as_samples, name_channels
from jumok.data.series.texts import sample_in, whole_clock
from jumok.data.tables.columns import column_fault
from jumok.data.tables.faults import UnreadableFile, fail
from jumok.data.tables.open_text import read_fault


class SignalTable(NamedTuple):
    """A table as one recording, with the line of each time step."""

    recording: Series
    lines: np.ndarray  # (T,)


def read_signal_table(
    path: Path, channels: Sequence[str] | None = None, time: str | None = None
) -> SignalTable:
    """Read a table of samples.

    The first line may hold names. A column called time, timestamp, date or datetime is the clock and no channel.
    Empty cells, NaN, NA and null are samples that were not measured.

    Args:
        path: The table: .csv, .tsv, .txt or .jsonl, each also .gz, or .parquet.
        channels: The columns to read, in this order; None reads all but the clock.
        time: The column of the clock, if it is called otherwise.

    Returns:
        The recording and the line of each of its time steps.

    Raises:
        UnreadableFile: The table, or a cell in it, cannot be read.
    """
    if is_parquet(path):
        return read_parquet_signal(path, channels, time)
    table = open_signal_table(path)
    clock, places, called = choose_columns(path, table, channels, time)
    samples, times, lines = array("d"), [], []
    for row in table.rows:
        samples.extend(
            sample_in(path, row.line, row.cells[place], name)
            for place, name in zip(places, called, strict=True)
        )
        if clock is not None:
            times.append(row.cells[clock])
        lines.append(row.line)
    if not lines:
        raise without_rows(path)
    values = as_samples(str(path), np.array(samples).reshape(len(lines), -1), lines, called)
    recording = Series(values, called, whole_clock(path, lines, times) if clock is not None else None)
    return SignalTable(recording, np.array(lines))


def read_parquet_signal(path: Path, channels: Sequence[str] | None, time: str | None) -> SignalTable:
    """Read a Parquet file as `read_signal_table` does; columns that are no channels are not read."""
    fault = read_fault(path)
    if fault:
        raise UnreadableFile(fault)
    names = parquet_names(path)
    table = OpenedTable(names, None, len(names), iter(()))
    clock, _, called = choose_columns(path, table, channels, time)
    samples, times = parquet_samples(path, called, None if clock is None else names[clock])
    if not len(samples):
        raise without_rows(path)
    lines = np.arange(1, len(samples) + 1)
    recording = Series(as_samples(str(path), samples, lines, called), called, times)
    return SignalTable(recording, lines)


def without_rows(path: Path) -> UnreadableFile:
    """The exception for a table that has names alone."""
    remedy = "write a row for each time step"
    return fail(path, None, "has no rows below its names", remedy, "empty_file")


def choose_columns(
    path: Path, table: OpenedTable, channels: Sequence[str] | None, time: str | None
) -> tuple[int | None, list[int], tuple[str, ...]]:
    """The place of the clock, the places of the channels, and their names.

    Args:
        path: The file, for faults.
        table: Its names and width.
        channels: The wanted channels; None for all.
        time: The wanted clock; None for a usual name.

    Returns:
        The place of the clock or None, those of the channels, and the names of the channels.

    Raises:
        UnreadableFile: A column is missing or there twice, or none is left.
    """
    names = table.names
    if names is None:
        if time is not None:
            problem = f"has no names in its first line, so that its column {time!r} is not known"
            raise fail(path, table.line, problem, "write a line of names above it", "unknown_column")
        return None, list(range(table.width)), name_channels(str(path), table.width, channels)
    clocks = [name for name in names if name.casefold() in TIME_COLUMNS and name not in (channels or ())]
    clock = time if time is not None else clocks[0] if clocks else None
    wanted = list(channels) if channels is not None else [name for name in names if name != clock]
    for name in (*wanted, *([clock] if clock is not None else [])):
        fault = column_fault(path, table.line, name, names)
        if fault:
            raise UnreadableFile(fault)
    if not wanted:
        remedy = "add a column for each channel"
        raise fail(path, table.line, "has no column beside its clock", remedy, "unknown_column")
    return (
        None if clock is None else names.index(clock),
        [names.index(name) for name in wanted],
        tuple(wanted),
    )
