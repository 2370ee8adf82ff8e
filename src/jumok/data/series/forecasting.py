"""Forecasts that need no training by steps: the last value, the last season, the mean of seasons, closed-form ridge.

All take past (N, L, C) and give the future (N, H, C) of each window and channel, in the units of the past.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from jumok.wording import quantity

PENALTY = 0.01  # of ridge, for standardized values


def repeat_last(past: np.ndarray, horizon: int) -> np.ndarray:
    """The last value of each channel, again and again: past (N, L, C) to (N, horizon, C)."""
    return np.repeat(past[:, -1:], horizon, axis=1)


def seasonal_naive(past: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """The last season, again and again (Hyndman & Athanasopoulos, 2021, section 5.2).

    Args:
        past: The past (C, T).
        horizon: Time steps to forecast.
        season: Time steps of a season.

    Returns:
        The forecast (C, horizon).
    """
    return seasonal_mean(past, horizon, season, 1)


def seasonal_mean(past: np.ndarray, horizon: int, season: int, seasons: int) -> np.ndarray:
    """The mean of the last seasons, again and again: of the same hour of seven days, where a season is a day.

    Args:
        past: (N, L, C).
        horizon: Steps to forecast, H.
        season: Steps of a season.
        seasons: Seasons that the mean is taken over.

    Returns:
        The future (N, H, C).

    Raises:
        ValueError: The past is shorter than the seasons.
    """
    steps = season * seasons
    if past.shape[1] < steps:
        raise ValueError(
            f"{quantity(seasons, 'season')} of {quantity(season, 'step')} need a past of "
            f"{quantity(steps, 'step')}; got {past.shape[1]}"
        )
    mean = past[:, -steps:].reshape(len(past), seasons, season, past.shape[2]).mean(1)  # (N, season, C)
    return np.take(mean, np.arange(horizon) % season, axis=1)


@dataclass(frozen=True)
class RidgeForecaster:
    """A linear map from the past of a channel to its future, the same for all channels.

    Each window is centred by its own mean, which is added again to what is forecast.
    """

    weights: np.ndarray  # (L, H)

    def __call__(self, past: np.ndarray) -> np.ndarray:
        """Past (N, L, C) to future (N, H, C)."""
        centre = past.mean(1, keepdims=True)  # (N, 1, C)
        return np.einsum("nlc,lh->nhc", past - centre, self.weights, optimize=True) + centre


def fit_ridge(windows: Iterable[tuple[np.ndarray, np.ndarray]], penalty: float = PENALTY) -> RidgeForecaster:
    """The linear forecast with the least squared error (ridge: Hoerl & Kennard, 1970), by its normal equations.

    Args:
        windows: Past (N, L, C) and future (N, H, C) of some windows at a time, best standardized by channel.
        penalty: Of the squared weights, beside the mean squared error of a window.

    Returns:
        The forecaster.

    Raises:
        ValueError: There are no windows.
    """
    gram, moment, count = np.zeros(()), np.zeros(()), 0
    for past, future in windows:
        centre = past.mean(1, keepdims=True, dtype=np.float64)  # (N, 1, C)
        x, y = (_rows(values - centre) for values in (past, future))  # (N · C, L), (N · C, H)
        gram, moment, count = gram + x.T @ x, moment + x.T @ y, count + len(x)
    if not count:
        raise ValueError("ridge needs at least one window to learn from")
    return RidgeForecaster(np.linalg.solve(gram / count + penalty * np.eye(len(gram)), moment / count))


def _rows(values: np.ndarray) -> np.ndarray:
    """(N, T, C) to (N · C, T): one row for each window and channel."""
    return values.transpose(0, 2, 1).reshape(-1, values.shape[1])
