"""Numbers and times in the cells of a table of samples."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from jumok.data.series.clock import parse_time
from jumok.data.series.opened import NOT_MEASURED
from jumok.data.tables.faults import fail
from jumok.data.tables.rows import clean

NUMBER = "a number"
OFFSET = re.compile(r":\d{2}([.,]\d+)?\s*(Z|[+-]\d{2}(:?\d{2})?)$", re.IGNORECASE)


def sample_in(path: Path, line: int, cell: str, column: str) -> float:
    """The number in a cell, NaN if it says that nothing was measured; raises UnreadableFile if it is neither.

    Args:
        path: The file, for faults.
        line: The line.
        cell: The text of the cell.
        column: The name of its column.

    Returns:
        The number, NaN where nothing was measured.

    Raises:
        UnreadableFile: It is neither.
    """
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
    raise fail(path, line, problem, remedy, "bad_number")


def moment(path: Path, line: int, cell: str) -> float | np.datetime64:
    """The time in a cell; raises UnreadableFile if it holds none.

    Args:
        path: The file, for faults.
        line: The line.
        cell: The text of the cell.

    Returns:
        A number, or a date with its time of day.

    Raises:
        UnreadableFile: It holds neither.
    """
    time = parse_time(clean(cell))
    if time is None:
        problem = f"holds {cell!r} as its time, expected a number or a date like 2026-01-31 23:59:00"
        raise fail(path, line, problem, "correct it", "bad_time")
    return time


def whole_clock(path: Path, lines: Sequence[int], cells: Sequence[str]) -> np.ndarray:
    """Times (T,) of cells.

    Args:
        path: The file, for faults.
        lines: The line of each cell.
        cells: The cells.

    Returns:
        The times.

    Raises:
        UnreadableFile: A cell holds no time, or one of another form than the first: a number, a date, or a date with
            its offset.
    """
    times: list[float | np.datetime64] = []
    first = ""
    for line, cell in zip(lines, cells, strict=True):
        times.append(moment(path, line, cell))
        form = time_form(cell, times[-1])
        first = first or form
        if form != first:
            problem = f"has the time {cell.strip()!r}, {form}, where the first is {first}"
            raise fail(path, line, problem, "write all times in the same way", "bad_time")
    return np.array(times, dtype=np.float64 if first == NUMBER else "datetime64[ms]")


def time_form(cell: str, time: float | np.datetime64) -> str:
    """How a time is written: as a number, or as a date with or without an offset from UTC."""
    if isinstance(time, float):
        return NUMBER
    return "a date with an offset" if OFFSET.search(cell.strip()) else "a date without an offset"
