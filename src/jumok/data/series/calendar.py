"""Covariates that a clock knows for all time steps, those to come, too: the hour of the day, the day of the week."""

from collections.abc import Sequence

import numpy as np

from jumok.data.series.signal import Series
from jumok.data.tables.faults import fail

PERIODS = ("hour", "weekday", "month")  # of a day, of a week, of a year


def calendar_series(
    file: str, times: np.ndarray | None, span: tuple[int, int], periods: Sequence[str]
) -> Series:
    """Where steps are in the day, the week or the year, each as sine and cosine (T, 2 · P).

    Args:
        file: The table that the clock is of, for faults.
        times: Its dates (T,), of equal steps.
        span: The first step, and the one after the last; steps after the table go on like those in it.
        periods: Some of `PERIODS`.

    Returns:
        Channels like hour_sin and hour_cos, in UTC.

    Raises:
        UnreadableFile: There is no clock of dates, or a period is unknown.
    """
    unknown = [period for period in periods if period not in PERIODS]
    if unknown:
        raise fail(
            file,
            None,
            f"has no {unknown[0]!r} in its dates",
            f"choose from {', '.join(PERIODS)}",
            "bad_series",
        )
    if times is None or times.dtype.kind != "M" or len(times) < 2:
        problem = f"has no column of dates, which {' and '.join(periods)} are taken from"
        raise fail(file, None, problem, "name the column by time:", "unknown_column")
    shares = [share_of(dates_of(times, span), period) for period in periods]  # (T,), 0 to 1
    waves = [wave(2 * np.pi * share) for share in shares for wave in (np.sin, np.cos)]
    names = tuple(f"{period}_{wave}" for period in periods for wave in ("sin", "cos"))
    return Series(np.stack(waves, 1).astype(np.float32), names, dates_of(times, span))


def dates_of(times: np.ndarray, span: tuple[int, int]) -> np.ndarray:
    """The dates of some steps of a clock, which goes on after its end."""
    first, end = span
    steps = np.arange(first, end)
    known = times[np.minimum(steps, len(times) - 1)]
    return np.asarray(known + np.maximum(steps - len(times) + 1, 0) * np.median(np.diff(times)))


def share_of(dates: np.ndarray, period: str) -> np.ndarray:
    """How much of the day, the week (from Monday), or the year is over at some dates (T,)."""
    day = dates.astype("datetime64[D]")
    hour = (dates - day) / np.timedelta64(1, "D")
    if period == "hour":
        return np.asarray(hour)
    if period == "weekday":
        return np.asarray(((day.astype(np.int64) + 3) % 7 + hour) / 7)  # 1970 began on a Thursday
    year = dates.astype("datetime64[Y]")
    begin, end = (one.astype("datetime64[D]") for one in (year, year + 1))
    return np.asarray((dates - begin) / (end - begin))
