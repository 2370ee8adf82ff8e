"""Tables with a row for each time step and a column for each channel: .csv, .tsv and .txt, each also .gz."""

from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jumok.data.series.clock import TIME_COLUMNS, clock_of, parse_time
from jumok.data.series.signal import Series, as_samples, fail, name_channels
from jumok.data.tables.columns import column_fault
from jumok.data.tables.delimited import CELL_SEPARATORS
from jumok.data.tables.faults import UnreadableFile
from jumok.data.tables.open_text import decode_line, raw_lines
from jumok.data.tables.quoted import Cells, csv_cells
from jumok.data.tables.rows import clean
from jumok.data.tables.text_form import why_no_text

NOT_MEASURED = frozenset(
    {"", "na", "nan", "n/a", "null", "none", "?"}
)  # cells of samples that were not measured
TABLE_SUFFIXES = (".csv", ".tsv", ".txt")


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
        path: The table.
        channels: The columns to read, in this order; None reads all but the clock.
        time: The column of the clock, if it is called otherwise.

    Returns:
        The recording and the line of each of its time steps.

    Raises:
        UnreadableFile: The table, or a cell in it, cannot be read.
    """
    fault = why_no_text(path)
    if fault:
        raise UnreadableFile(fault)
    separator = signal_separator(path)
    rows = cell_rows(path, separator)
    first = next(rows)
    names = header_names(path, first)
    clock, places, called = choose_columns(path, first, names, channels, time)
    samples, times, lines = array("d"), [], []
    for row in rows if names else chain_first(first, rows):
        if len(row.cells) != len(first.cells):
            raise fail(str(path), row.line, *wrong_count(row, first, separator))
        samples.extend(
            sample_in(path, row.line, row.cells[place], name)
            for place, name in zip(places, called, strict=True)
        )
        if clock is not None:
            times.append(moment(path, row.line, row.cells[clock]))
        lines.append(row.line)
    if not lines:
        raise fail(
            str(path), None, "has no rows below its names", "write a row for each time step", "empty_file"
        )
    values = as_samples(str(path), np.array(samples).reshape(len(lines), -1))
    recording = Series(values, called, whole_clock(path, times) if clock is not None else None)
    return SignalTable(recording, np.array(lines))


def signal_separator(path: Path) -> str:
    """What separates the cells of a table: a semicolon or tab if the first line has one, else a comma."""
    line = decode_line(path, 1, next(raw_lines(path), b""))
    text = line if isinstance(line, str) else ""
    return next((mark for mark in (";", "\t") if mark in text), ",")


def cell_rows(path: Path, separator: str) -> Iterator[Cells]:
    """The rows of a table; raises UnreadableFile at the first faulty one."""
    for row in csv_cells(path, separator):
        if not isinstance(row, Cells):
            raise UnreadableFile(row)
        yield row


def chain_first(first: Cells, rows: Iterator[Cells]) -> Iterator[Cells]:
    """The first row, then the others."""
    yield first
    yield from rows


def wrong_count(row: Cells, first: Cells, separator: str) -> tuple[str, str, str]:
    """Problem, remedy and kind of the fault of a row with too many or too few cells.

    Args:
        row: The row.
        first: The row of the column names.
        separator: What separates cells.

    Returns:
        Problem, remedy and kind.
    """
    count, mark = len(row.cells), CELL_SEPARATORS.get(separator, "separator")
    remedy = f"remove the extra {mark}" if count > len(first.cells) else f"add the missing {mark}"
    if not any(row.cells):
        remedy = "remove the empty line"
    return f"has {count} column{'s' * (count != 1)}, expected {len(first.cells)}", remedy, "column_count"


def header_names(path: Path, first: Cells) -> list[str] | None:
    """The names in the first row; None if it holds samples."""
    names = [clean(name) for name in first.cells]
    if all(name.casefold() in NOT_MEASURED or parse_time(name) is not None for name in names) and any(names):
        return None
    if "" in names:
        problem = f"has no name for column {names.index('') + 1}"
        raise fail(
            str(path), first.line, problem, "name it, or leave it out (pandas: index=False)", "unknown_column"
        )
    return names


def choose_columns(
    path: Path, first: Cells, names: list[str] | None, channels: Sequence[str] | None, time: str | None
) -> tuple[int | None, list[int], tuple[str, ...]]:
    """The place of the clock, the places of the channels, and their names.

    Args:
        path: The table, for faults.
        first: Its first row.
        names: The names in it; None if it has none.
        channels: The wanted channels; None for all.
        time: The wanted clock; None for a usual name.

    Returns:
        The place of the clock or None, those of the channels, and the names of the channels.

    Raises:
        UnreadableFile: A column is missing or there twice, or none is left.
    """
    if names is None:
        if time is not None:
            problem = f"has no names in its first line, so that its column {time!r} is not known"
            raise fail(str(path), first.line, problem, "write a line of names above it", "unknown_column")
        return None, list(range(len(first.cells))), name_channels(str(path), len(first.cells), channels)
    clocks = [name for name in names if name.casefold() in TIME_COLUMNS and name not in (channels or ())]
    clock = time if time is not None else clocks[0] if clocks else None
    wanted = list(channels) if channels is not None else [name for name in names if name != clock]
    for name in (*wanted, *([clock] if clock is not None else [])):
        fault = column_fault(path, first.line, name, names)
        if fault:
            raise UnreadableFile(fault)
    if not wanted:
        remedy = "add a column for each channel"
        raise fail(str(path), first.line, "has no column beside its clock", remedy, "unknown_column")
    return (
        None if clock is None else names.index(clock),
        [names.index(name) for name in wanted],
        tuple(wanted),
    )


def sample_in(path: Path, line: int, cell: str, column: str) -> float:
    """The number in a cell, NaN if it says that nothing was measured; raises UnreadableFile if it is neither."""
    try:
        if "_" not in cell:  # Python reads 1_000 as a number
            return float(cell)
    except ValueError:
        pass
    text = clean(cell)
    if text.casefold() in NOT_MEASURED:
        return np.nan
    problem = f"column {column!r} holds {text!r}, expected a number"
    remedy = "correct it, or leave it empty where nothing was measured"
    whole, comma, part = text.partition(",")
    if comma and part.isdigit() and whole.removeprefix("-").isdigit():
        remedy = f"write {whole}.{part}, with a decimal point, here and in all such cells"
    elif parse_time(text) is not None:
        remedy = f"call a column of dates time, or say time: {column} for the input"
    raise fail(str(path), line, problem, remedy, "bad_number")


def moment(path: Path, line: int, cell: str) -> float | np.datetime64:
    """The time in a cell; raises UnreadableFile if it holds none.

    Args:
        path: The file.
        line: The line.
        cell: The cell.

    Returns:
        A number, or a date with its time of day.

    Raises:
        UnreadableFile: It holds neither.
    """
    time = parse_time(clean(cell))
    if time is None:
        problem = f"holds {cell!r} as its time, expected a number or a date like 2026-01-31 23:59:00"
        raise fail(str(path), line, problem, "correct it", "bad_time")
    return time


def whole_clock(path: Path, times: list[float | np.datetime64]) -> np.ndarray:
    """Times as one array; raises UnreadableFile if some are numbers and others dates."""
    clock = clock_of(times)
    if clock is None:
        problem = "has numbers and dates as times"
        raise fail(str(path), None, problem, "write all of them in the same way", "bad_time")
    return clock
