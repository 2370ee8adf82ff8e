"""Times of samples: numbers, or dates."""

from datetime import UTC, datetime

import numpy as np

TIME_COLUMNS = frozenset({"time", "timestamp", "date", "datetime"})  # names of columns that are clocks


def parse_time(text: str) -> float | np.datetime64 | None:
    """A time: a number, or a date in ISO 8601, in UTC if it has an offset; None if it is neither."""
    try:
        value = float(text)
        return value if np.isfinite(value) and "_" not in text else None
    except ValueError:
        pass
    try:
        date = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if date.tzinfo is not None:
        date = date.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(date, "ms")


def seconds_of(times: np.ndarray) -> np.ndarray:
    """Times (T,) as float64; dates as seconds since 1970."""
    if times.dtype.kind == "M":
        return np.asarray(times.astype("datetime64[ms]").astype(np.int64) / 1000)
    return np.asarray(times, dtype=np.float64)


def usual_distance(apart: np.ndarray) -> float:
    """The median distance of samples whose times grow; 0 if none does."""
    growing = apart[apart > 0]
    return float(np.percentile(growing, 50, method="lower")) if len(growing) else 0.0
