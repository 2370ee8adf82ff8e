"""Forecasts by a linear map from the past of a channel to its future, alone or added to another head.

The past is that of windows normalized by themselves, so that the map is one of their shape (RLinear: Li et al., 2023).
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from jumok.errors import ConfigurationError, DataError
from jumok.heads.forecast import FlattenForecastHead, QueryForecastHead, WindowUnits
from jumok.heads.ridge import RidgeMap, WindowMoments, fit_seasons, fit_steps
from jumok.values import Memories
from jumok.wording import quantity


class RidgeStart(NamedTuple):
    """The weights of a map that ridge regression has found, by name, and how."""

    weights: Mapping[str, Tensor]
    chosen: RidgeMap


class StepsMap(nn.Module):
    """Each of the next steps is a weighted sum of all steps of the past (Zeng et al., 2023)."""

    def __init__(self, steps: int, horizon: int, numbers: int) -> None:
        super().__init__()
        self.steps, self.horizon = steps, horizon
        self.linear = nn.Linear(steps, horizon * numbers)
        start_from_mean(self.linear)

    def forward(self, past: Tensor) -> Tensor:
        """The past (..., L) to numbers (..., H, Q)."""
        return self.linear(past).unflatten(-1, (self.horizon, -1))

    def ridge(self, train: WindowMoments, valid: WindowMoments, season: int) -> RidgeStart:
        """The weights that forecast windows of valid best among those that fit windows of train.

        Args:
            train: The moments of the windows of train.
            valid: Those of valid.
            season: The steps of a season.

        Returns:
            The weights, and how they were chosen.
        """
        chosen = fit_steps(train, valid, season)
        return RidgeStart({"linear.weight": for_numbers(chosen.weights, self.linear)}, chosen)


class DecompositionMap(nn.Module):
    """A map of the trend, a moving average, and one of what remains (DLinear: Zeng et al., 2023).

    Beyond its ends the past goes on with its first and its last value.
    """

    def __init__(self, steps: int, horizon: int, window: int, numbers: int) -> None:
        """`window` steps make an average; an odd number."""
        super().__init__()
        self.steps, self.horizon, self.window = steps, horizon, window
        self.trend = nn.Linear(steps, horizon * numbers)
        self.remainder = nn.Linear(steps, horizon * numbers)
        start_from_mean(self.trend, self.remainder)

    def forward(self, past: Tensor) -> Tensor:
        """The past (..., L) to numbers (..., H, Q)."""
        trend = self.moving_average(past)
        found = self.trend(trend) + self.remainder(past - trend)
        return found.unflatten(-1, (self.horizon, -1))

    def moving_average(self, past: Tensor) -> Tensor:
        """The mean (..., L) of the steps around each step of the past (..., L)."""
        reach = self.window // 2
        x = F.pad(past.flatten(0, -2)[:, None], (reach, reach), mode="replicate")  # (N, 1, L + window - 1)
        return F.avg_pool1d(x, self.window, stride=1).squeeze(1).unflatten(0, past.shape[:-1])

    def ridge(self, train: WindowMoments, valid: WindowMoments, season: int) -> RidgeStart:
        """The best weights of all steps, the same for trend and remainder, so that they add up to the past.

        Args:
            train: The moments of the windows of train.
            valid: Those of valid.
            season: The steps of a season.

        Returns:
            The weights, and how they were chosen.
        """
        chosen = fit_steps(train, valid, season)
        weight = for_numbers(chosen.weights, self.trend)
        return RidgeStart({"trend.weight": weight, "remainder.weight": weight}, chosen)


class SeasonsMap(nn.Module):
    """Each of the next values of a phase is a weighted sum of its values in past seasons (SparseTSF, Lin et al., 2024).

    A phase is a place within the season, such as an hour of the day; all phases have the same weights. Before that, a
    weighted sum over the steps around it, one season wide, is added to each step. A past that is no multiple of the
    season is filled up at its beginning by zeros, its mean.
    """

    def __init__(self, steps: int, horizon: int, season: int, numbers: int) -> None:
        super().__init__()
        self.steps, self.horizon, self.season = steps, horizon, season
        self.seasons = -(-horizon // season)
        reach = season // 2
        self.around = nn.Conv1d(1, 1, 2 * reach + 1, padding=reach, bias=False)
        self.linear = nn.Linear(-(-steps // season), self.seasons * numbers)
        start_from_mean(self.around, self.linear)

    def forward(self, past: Tensor) -> Tensor:
        """The past (..., L) to numbers (..., H, Q)."""
        x = past.flatten(0, -2)[:, None]  # (N, 1, L)
        x = (x + self.around(x)).squeeze(1)
        x = nn.functional.pad(x, (-self.steps % self.season, 0)).unflatten(1, (-1, self.season))  # (N, m, P)
        found = self.linear(x.transpose(1, 2)).unflatten(2, (self.seasons, -1))  # (N, P, n, Q)
        found = found.transpose(1, 2).flatten(1, 2)[:, : self.horizon]  # (N, H, Q)
        return found.unflatten(0, past.shape[:-1])

    def ridge(self, train: WindowMoments, valid: WindowMoments, season: int) -> RidgeStart:
        """The weights of seasons that forecast windows of valid best; the steps around a step weigh nothing.

        Args:
            train: The moments of the windows of train.
            valid: Those of valid.
            season: The steps of a season.

        Returns:
            The weights, and how they were chosen.
        """
        chosen = fit_seasons(train, valid, self.season)
        return RidgeStart({"linear.weight": for_numbers(chosen.weights, self.linear)}, chosen)


def for_numbers(weights: Tensor, linear: nn.Linear) -> Tensor:
    """Weights (L, H) as those (H · Q, L) of a layer, the same for all numbers of a step."""
    numbers = linear.out_features // weights.shape[1]
    return weights.T.repeat_interleave(numbers, 0).to(linear.weight.dtype)


def start_from_mean(*maps: nn.Module) -> None:
    """Let all weights be 0 at first: the forecast is the mean of the past, and no noise stays of random weights."""
    for parameter in nn.ModuleList(maps).parameters():
        nn.init.zeros_(parameter)


LinearMap = StepsMap | DecompositionMap | SeasonsMap


class LinearForecastHead(nn.Module):
    """A linear map from the past of a channel to its next steps, the same for all channels.

    Alone it is the forecast; otherwise it is added to that of a head which reads the memory.
    """

    def __init__(
        self,
        units: WindowUnits,
        linear: LinearMap,
        beside: FlattenForecastHead | QueryForecastHead | None = None,
    ) -> None:
        super().__init__()
        self.units, self.linear, self.beside = units, linear, beside
        self.attends = beside is not None and beside.attends
        self.patch = linear.horizon if beside is None else beside.patch

    def forecast(self, memories: Memories) -> Tensor:
        """The forecast (B, H, C, Q)."""
        past = self.past(memories)[:, :, self.units.channels].transpose(1, 2)  # (B, C, L)
        found = self.linear(past).transpose(1, 2)  # (B, H, C, Q)
        if self.beside is not None:
            found = found + self.beside.normalized(memories)
        return self.units.restore(found, memories)

    def past(self, memories: Memories) -> Tensor:
        """The normalized past (B, L, C').

        Raises:
            ConfigurationError: The encoder does not normalize windows.
            DataError: It is of another length than where the training began.
        """
        name = self.units.past or ""
        time = memories.of(name).time
        if time is None or time.past is None:
            raise ConfigurationError(
                f"a linear map of {name} needs windows that are normalized by themselves; say "
                "encoder: {kind: patches, normalize_window: true}, or kind: plain"
            )
        if time.past.shape[1] != self.linear.steps:
            raise DataError(
                f"{name} has {quantity(time.past.shape[1], 'time step')} here, but "
                f"{self.linear.steps} where its training begins; "
                "give windows of one length, or leave linear: out"
            )
        return time.past

    def follow(self, memories: Memories, came: Tensor) -> Tensor:
        """The forecast; no step depends on another one."""
        return self.forecast(memories)
