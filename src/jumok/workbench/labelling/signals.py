"""Signals for drawing: the least and the greatest value of each channel in each column of pixels."""

from typing import Any, Protocol, runtime_checkable

import numpy as np

from jumok.errors import DataError

MOST_POINTS = 8000  # columns of pixels


@runtime_checkable
class HoldsSignals(Protocol):
    """A store of recordings."""

    def signal(self, key: str) -> tuple[list[str], np.ndarray, float | None]:
        """The names of the channels, the values (rows, channels), and the rows in a second if they are known."""
        ...


def signal_json(store: HoldsSignals, key: str, begin: int, end: int | None, points: int) -> dict[str, Any]:
    """A part of a signal as JSON.

    Args:
        store: The store.
        key: The recording.
        begin: The first row.
        end: The row after the last one; None: all.
        points: Columns of pixels.

    Returns:
        Channels, length, and the least and greatest values by channel and column; null where nothing is measured.

    Raises:
        DataError: There are no such rows.
    """
    channels, values, rate = store.signal(key)
    length = len(values)
    stop = length if end is None else min(end, length)
    if not 0 <= begin < max(stop, 1):
        raise DataError(f"the recording has {length} rows; there are none from {begin} to {stop}")
    count = max(1, min(points, MOST_POINTS, stop - begin))
    edges = np.linspace(begin, stop, count + 1).astype(np.int64)[:-1]  # (count,)
    part = np.asarray(values[begin:stop], dtype=np.float64)
    lowest, highest = (extremes(part, edges - begin, ufunc) for ufunc in (np.fmin, np.fmax))
    return {"rate": rate, "channels": list(channels), "length": length, "min": lowest, "max": highest}


def extremes(values: np.ndarray, edges: np.ndarray, ufunc: np.ufunc) -> list[list[float | None]]:
    """The least or greatest values (channels, columns) between edges; None where none is finite.

    Args:
        values: The values (rows, channels).
        edges: The first row of each column.
        ufunc: np.fmin or np.fmax.

    Returns:
        The values.
    """
    if not len(values):
        return [[] for _ in range(values.shape[1])]
    whole = np.where(np.isfinite(values), values, np.nan)
    reduced = ufunc.reduceat(whole, edges, axis=0).T  # (channels, columns)
    return [[None if np.isnan(one) else float(one) for one in channel] for channel in reduced]
