"""Forecasts in closed form: repeated values, seasons, and ridge."""

import numpy as np
import pytest

from jumok.data.series.forecasting import fit_ridge, repeat_last, seasonal_mean, seasonal_naive


def windows(series: np.ndarray, past: int, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    first = range(past, len(series) - horizon + 1)
    return np.stack([series[t - past : t] for t in first]), np.stack([series[t : t + horizon] for t in first])


def test_the_last_value_and_the_last_season_are_repeated():
    past = np.arange(2 * 7 * 3).reshape(2, 7, 3).astype(float)
    assert (repeat_last(past, 4) == past[:, -1:].repeat(4, 1)).all()
    found = seasonal_naive(past, 5, 3)
    assert (found[:, :3] == past[:, 4:]).all() and (found[:, 3:] == past[:, 4:6]).all()


def test_seasons_are_forecast_exactly_by_their_mean():
    day = np.random.default_rng(0).normal(size=(5, 2))
    series = np.tile(day, (9, 1))
    past, future = windows(series, 20, 7)
    np.testing.assert_allclose(seasonal_mean(past, 7, 5, 4), future)
    with pytest.raises(ValueError, match="5 seasons of 5 steps need a past of 25 steps; got 20"):
        seasonal_mean(past, 7, 5, 5)


def test_ridge_has_the_least_penalized_error():
    """Its weights are those of least squares with a row more for each weight (Hoerl & Kennard, 1970)."""
    series = np.random.default_rng(1).normal(size=(60, 2)).cumsum(0)
    past, future = windows(series, 6, 3)
    found = fit_ridge([(past[:20], future[:20]), (past[20:], future[20:])], penalty=0.3)
    centre = past.mean(1, keepdims=True)
    x, y = (np.concatenate([(one - centre)[:, :, c] for c in range(2)]) for one in (past, future))
    more = np.sqrt(0.3 * len(x)) * np.eye(6)
    expected = np.linalg.lstsq(np.vstack([x, more]), np.vstack([y, np.zeros((6, 3))]), rcond=None)[0]
    np.testing.assert_allclose(found.weights, expected)
    np.testing.assert_allclose(
        found(past)[:, :, 1], (past - centre)[:, :, 1] @ expected + centre[:, :, 1], atol=1e-9
    )


def test_ridge_finds_a_linear_recurrence():
    turn = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    state, seen = np.array([1.0, 0.0]), []
    for _ in range(200):
        state = turn @ state
        seen.append(state)
    past, future = windows(np.array(seen), 42, 4)
    assert np.abs(fit_ridge([(past[:80], future[:80])], penalty=1e-9)(past[80:]) - future[80:]).max() < 1e-3


def test_without_windows_there_is_nothing_to_fit():
    with pytest.raises(ValueError, match="at least one window"):
        fit_ridge([])
