"""Metrics of real values: errors, explained variance, and the coverage of intervals.

A prediction is an array (N, 3) of the values with the bounds of their intervals, NaN where there are none. A reference
is an array (N,).
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from jumok.metrics.interval import Limits
from jumok.metrics.metric import UNIT_RANGE, Metric, ScoreTable, check_pairs, mean, once, read_off

VALUE_METRICS = ("mae", "rmse", "r2", "coverage", "interval_width")
HIGHER_IS_BETTER: dict[str, Limits] = {"r2": (-np.inf, 1.0), "coverage": UNIT_RANGE}
ERROR: Limits = (0.0, np.inf)

ValueMetric = Metric[np.ndarray, np.ndarray]


def value_metrics(names: Sequence[str]) -> dict[str, ValueMetric]:
    """All metrics of values with these names.

    `mae` is the mean absolute error, `rmse` the root of the mean squared error, `r2` the share of the variance that is
    explained; `coverage` the share of values that lie within their intervals, which should be that which was asked for,
    and `interval_width` the mean width of the intervals. Of several values each is the mean over them, and `mae/NAME`
    and so on are those of one. A score is NaN if it is undefined, as coverage without intervals.
    """
    table = once(partial(value_scores, count=len(names)))
    columns = [
        *VALUE_METRICS,
        *(f"{kind}/{name}" for name in names for kind in VALUE_METRICS if len(names) > 1),
    ]
    return {
        name: read_off(table, number, name, kind in HIGHER_IS_BETTER, HIGHER_IS_BETTER.get(kind, ERROR))
        for number, name in enumerate(columns)
        for kind in name.split("/")[:1]
    }


def value_scores(predictions: list[np.ndarray], references: list[np.ndarray], count: int) -> ScoreTable:
    """Prepare all scores of some values.

    Args:
        predictions: Values and bounds (N, 3) of each example.
        references: The right values (N,) of each example.
        count: N.

    Returns:
        The scores named in VALUE_METRICS as means over the values, then those of each value.
    """
    check_pairs(predictions, references)
    found = np.array(predictions).reshape(-1, count, 3)  # (n, N, 3)
    right = np.array(references).reshape(-1, count)  # (n, N)
    value, low, high = np.moveaxis(found, 2, 0)  # (n, N) each
    error, width = value - right, high - low
    inside = np.where(np.isnan(width), np.nan, (low <= right) & (right <= high))

    def measure(weights: np.ndarray) -> np.ndarray:
        share = weights / max(weights.sum(), 1.0)  # (n,)
        squared = share @ error**2
        spread = share @ (right - share @ right) ** 2
        explained = 1 - squared / np.where(spread > 0, spread, np.nan)
        each = np.array(
            [share @ np.abs(error), np.sqrt(squared), explained, share @ inside, share @ width]
        )  # (5, N)
        return np.array([*map(mean, each), *each.T.ravel()])

    return ScoreTable(measure)


def scaled_error(scale: np.ndarray) -> ValueMetric:
    """The mean absolute error in units of `scale` (N,), by which single examples are told apart.

    Args:
        scale: The standard deviation of each value in training.
    """

    def prepare(predictions: list[np.ndarray], references: list[np.ndarray]) -> Callable[..., float]:
        check_pairs(predictions, references)
        pairs = zip(predictions, references, strict=True)
        errors = np.array([float(np.mean(np.abs(one[:, 0] - right) / scale)) for one, right in pairs])
        return lambda weights: float(weights @ errors / max(weights.sum(), 1.0))

    return Metric("scaled_error", higher_is_better=False, prepare=prepare)
