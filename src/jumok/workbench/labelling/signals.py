"""Signals for drawing: the least and the greatest value of each channel in each column of pixels."""

from typing import Any, Protocol, runtime_checkable

import numpy as np

from jumok.errors import DataError
from jumok.labelling.recordings.signal_overview import signal_overview
from jumok.labelling.recordings.store import Signal

MOST_POINTS = 8000  # columns of pixels


@runtime_checkable
class HoldsSignals(Protocol):
    """A store of recordings."""

    def signal(self, key: str) -> Signal:
        """What a recording is drawn from."""
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
    signal = store.signal(key)
    length = len(signal.values)
    stop = length if end is None else min(end, length)
    if not 0 <= begin < max(stop, 1):
        raise DataError(f"the recording has {length} rows; there are none from {begin} to {stop}")
    lowest, highest = signal_overview(signal.values, begin, stop, max(1, min(points, MOST_POINTS)))
    told = {"rate": signal.rate, "channels": list(signal.channels), "length": length}
    return {**told, "min": numbers_or_null(lowest), "max": numbers_or_null(highest)}


def numbers_or_null(values: np.ndarray) -> list[list[float | None]]:
    """Values (C, P) as JSON has them."""
    return [[float(one) if np.isfinite(one) else None for one in channel] for channel in values]
