"""The nearest examples by summary features."""

import numpy as np

MAX_DISTANCES = 1 << 24  # distances that are held at a time


def nearest_neighbours(features: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The number of the nearest of other examples by Euclidean distance.

    Args:
        features: (n, F).
        others: (m, F).

    Returns:
        Numbers (n,) below m; of equally near ones, the first.
    """
    norms = (others**2).sum(1) / 2  # (m,)
    rows = max(1, MAX_DISTANCES // max(1, len(others)))
    found = [
        (features[start : start + rows] @ others.T - norms).argmax(1)
        for start in range(0, len(features), rows)
    ]
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)
