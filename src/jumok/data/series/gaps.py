"""Gaps of a clock, filled with samples that count as not measured."""

import numpy as np

from jumok.data.series.clock import seconds_of, usual_distance
from jumok.data.series.signal import Series
from jumok.data.tables.faults import fail

OFF_BEAT = 0.4  # usual distances that a sample may come early or late
MAX_GROWTH = 10  # times as many steps, at most; a longer gap separates recordings


def mark_gaps(file: str, series: Series) -> Series:
    """Put missing samples where the clock of a series jumps over some.

    Args:
        file: The file, for faults.
        series: The series; one without a clock stays as it is.

    Returns:
        A series whose steps are equally far apart; measured samples stay as they are.

    Raises:
        UnreadableFile: Its samples are at no regular distance, or the gaps are much longer than the series.
    """
    if series.times is None or len(series.times) < 3:
        return series
    seconds = seconds_of(series.times)
    apart = np.diff(seconds)
    beat = usual_distance(apart)
    beats = apart / beat
    whole = np.round(beats).astype(np.int64)  # steps from each sample to the next
    wrong = np.flatnonzero((whole < 1) | (np.abs(beats - whole) > OFF_BEAT))
    if len(wrong):
        at = int(wrong[0]) + 1
        problem = f"has a sample at {series.times[at]}, beside the beat of {beat:g} of its clock"
        raise fail(file, None, problem, "resample it at regular times, or say gaps: keep", "irregular_clock")
    places = np.concatenate(([0], whole.cumsum()))  # (T,)
    count = int(places[-1]) + 1
    if count > MAX_GROWTH * len(places):
        at = int(whole.argmax())
        gap = f"{series.times[at]} to {series.times[at + 1]}"
        problem = f"has nothing from {gap}, which is too long a gap to be marked"
        raise fail(file, None, problem, "cut it there into two series, or say gaps: keep", "long_gap")
    values = np.full((count, series.values.shape[1]), np.nan, dtype=np.float32)
    values[places] = series.values
    times = np.interp(np.arange(count), places, seconds)
    if series.times.dtype.kind == "M":
        times = np.round(1000 * times).astype(np.int64).astype("datetime64[ms]")
    return Series(values, series.channels, times)
