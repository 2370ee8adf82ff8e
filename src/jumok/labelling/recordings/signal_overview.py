"""A signal as it is drawn: the least and the greatest value of each channel for each pixel."""

import numpy as np


def signal_overview(values: np.ndarray, start: int, end: int, points: int) -> tuple[np.ndarray, np.ndarray]:
    """The least and the greatest values in equal parts of a stretch.

    Args:
        values: The signal (T, C), NaN where nothing was measured.
        start: The first time step.
        end: The time step after the last one; both are brought within the signal.
        points: How many parts, at most one for each time step.

    Returns:
        Least and greatest values (C, P), NaN where nothing was measured in the whole of a part.
    """
    begin, stop = max(0, start), min(end, len(values))
    count = max(0, min(points, stop - begin))
    if not count:
        empty = np.full((values.shape[1], 0), np.nan, values.dtype)
        return empty, empty.copy()
    edges = (stop - begin) * np.arange(count) // count  # (P,)
    part = values[begin:stop]
    least, greatest = (ufunc.reduceat(part, edges, axis=0) for ufunc in (np.fmin, np.fmax))  # (P, C)
    return least.T, greatest.T
