"""What a series must be like: its channels, its length, and a clock that only goes forwards."""

from collections.abc import Sequence

import numpy as np

from jumok.data.series.clock import seconds_of, usual_distance
from jumok.data.series.signal import Series
from jumok.data.tables.faults import fail
from jumok.wording import quantity

HOUR = 3600.0  # seconds
JUMP = 1.5  # usual distances between two samples; more is a gap


def expect_channels(file: str, series: Series, names: Sequence[str] | None, count: int | None) -> None:
    """Check the channels of a series.

    Args:
        file: The file, for the fault.
        series: The series.
        names: The names that it must have, in this order, if it has any; None if any will do.
        count: How many channels it must have; None if any number will do.

    Raises:
        UnreadableFile: It has others.
    """
    found = series.channels
    remedy = "name the columns alike, or say channels: for the input"
    if names is not None and series.names is not None and found != tuple(names):
        problem = f"has the channels {', '.join(found)}, expected {', '.join(names)}"
        raise fail(file, None, problem, remedy, "channel_names")
    if count is not None and len(found) != count:
        named = f" ({', '.join(found)})" if series.names else ""
        problem = f"has {quantity(len(found), 'channel')}{named}, expected {count}"
        raise fail(file, None, problem, "correct it, or say channels: for the input", "channel_count")


def expect_length(file: str, series: Series, most: int | None) -> None:
    """Raise UnreadableFile if a series has more than `most` time steps.

    Args:
        file: What the series is called in a message.
        series: The series.
        most: The largest number of time steps; None for any.

    Raises:
        UnreadableFile: It has more.
    """
    if most is not None and len(series.values) > most:
        problem = f"has {quantity(len(series.values), 'time step')}, at most {most:,} are allowed"
        remedy = "cut it into windows, or raise max_length of the input"
        raise fail(file, None, problem, remedy, "too_long")


def expect_forward_clock(
    file: str, times: np.ndarray, lines: Sequence[int] | np.ndarray | None = None
) -> None:
    """Check that times (T,) only grow.

    Args:
        file: The file, for the fault.
        times: The times.
        lines: The line of each; None if they are not known.

    Raises:
        UnreadableFile: A time stands twice, or before an earlier one.
    """
    seconds = seconds_of(times)
    apart = np.diff(seconds)
    wrong = np.flatnonzero(apart <= 0)
    if not len(wrong):
        return
    at = int(wrong[0]) + 1
    line = None if lines is None else int(lines[at])
    here, before = times[at], times[at - 1]
    if is_autumn_hour(apart, at - 1):
        problem = f"goes back an hour at {here}, as clocks do in autumn"
        raise fail(
            file, line, problem, "write times in UTC or with their offset, like +01:00", "daylight_saving"
        )
    if apart[at - 1] == 0:
        remedy = "keep one of the two rows; to read several recordings, name their id under recordings:"
        raise fail(file, line, f"has the time {here} twice", remedy, "duplicate_time")
    problem = f"has the time {here} after {before}"
    remedy = "sort the rows by time; to read several recordings, name their id under recordings:"
    raise fail(file, line, problem, remedy, "unsorted_time")


def is_autumn_hour(apart: np.ndarray, at: int) -> bool:
    """Whether times repeat an hour from distance number `at` on, as where daylight saving ends."""
    usual = usual_distance(apart)
    goes_on = at + 1 == len(apart) or np.isclose(apart[at + 1], usual)  # else one row was written twice
    return bool(0 < usual <= HOUR and np.isclose(apart[at], usual - HOUR) and goes_on)


def spring_hours(times: np.ndarray) -> np.ndarray:
    """The steps after which dates (T,) jump by an hour more than usual, as where daylight saving begins."""
    if times.dtype.kind != "M":
        return np.empty(0, np.int64)
    apart = np.diff(seconds_of(times))
    usual = usual_distance(apart)
    jumps = np.flatnonzero(np.isclose(apart, usual + HOUR)) if 0 < usual <= HOUR else np.empty(0, np.int64)
    months = times[jumps].astype("datetime64[M]").astype(int) % 12 + 1
    return jumps[np.isin(months, (3, 4, 9, 10))]  # both halves of the Earth


def clock_gaps(times: np.ndarray) -> np.ndarray:
    """The steps (n,) after which times (T,) jump by more than usual."""
    apart = np.diff(seconds_of(times))
    return np.flatnonzero(apart > JUMP * usual_distance(apart))
