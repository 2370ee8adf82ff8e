"""Metrics of real values, against scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as sklearn

from jumok.metrics.numbers import scaled_error, value_metrics

N, V = 71, 3
NAMES = ["age", "height", "weight"]


def drawn() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Predicted values with bounds (N, V, 3), right ones (N, V), and how often each counts."""
    random = np.random.default_rng(0)
    right = random.normal(size=(N, V)) * [1.0, 20.0, 5.0] + [0.0, 170.0, 60.0]
    value = right + random.normal(size=(N, V))
    low, high = value - random.random((N, V)), value + random.random((N, V))
    return np.stack((value, low, high), -1), right, random.integers(0, 3, N).astype(float)


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("mae", sklearn.mean_absolute_error),
        ("rmse", sklearn.root_mean_squared_error),
        ("r2", sklearn.r2_score),
    ],
)
def test_errors_are_those_of_scikit_learn(name, theirs):
    found, right, weights = drawn()
    metrics = value_metrics(NAMES)
    whole = metrics[name].prepare(list(found), list(right))
    assert whole(weights) == pytest.approx(theirs(right, found[..., 0], sample_weight=weights))
    each = [metrics[f"{name}/{one}"].prepare(list(found), list(right))(np.ones(N)) for one in NAMES]
    assert each == pytest.approx([theirs(right[:, n], found[:, n, 0]) for n in range(V)])


def test_coverage_is_the_share_within_the_bounds():
    found = np.array([[[2.0, 1.0, 3.0]], [[2.0, 1.0, 3.0]], [[2.0, 1.5, 2.5]], [[5.0, 4.0, 6.0]]])
    right = np.array([[1.0], [3.5], [2.5], [4.5]])
    of = {
        name: one.prepare(list(found), list(right))(np.ones(4)) for name, one in value_metrics(["x"]).items()
    }
    assert (of["coverage"], of["interval_width"]) == (0.75, 1.75)


def test_without_bounds_there_is_no_coverage():
    found = np.array([[[2.0, np.nan, np.nan]], [[3.0, np.nan, np.nan]]])
    of = {
        name: one.prepare(list(found), [np.array([2.0]), np.array([4.0])])(np.ones(2))
        for name, one in value_metrics(["x"]).items()
    }
    assert np.isnan(of["coverage"])
    assert (of["mae"], of["r2"]) == (0.5, 0.5)


def test_an_error_in_deviations_adds_values_of_different_units():
    found = np.array([[[1.0, 0, 0], [110.0, 0, 0]]])
    error = scaled_error(np.array([2.0, 10.0])).prepare(list(found), [np.array([2.0, 100.0])])
    assert error(np.ones(1)) == pytest.approx((0.5 + 1.0) / 2)
