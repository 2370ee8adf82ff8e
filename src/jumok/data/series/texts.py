"""Numbers and times in the cells of a table of samples."""

from pathlib import Path

import numpy as np

from jumok.data.series.clock import clock_of, parse_time
from jumok.data.series.opened import NOT_MEASURED
from jumok.data.series.signal import fail
from jumok.data.tables.rows import clean


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
    """The time in a cell; raises UnreadableFile if it holds none."""
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
