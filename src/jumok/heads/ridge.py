"""Linear forecasts in closed form: ridge regression (Hoerl & Kennard, 1970) whose choices other windows make.

All sums are taken over windows and channels: past x (L,) and future y (H,), each times the weight of its window.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

import torch
from torch import Tensor

RIDGE_PENALTIES = tuple(
    10.0 ** (half / 2) for half in range(-8, 5)
)  # of the squared weights, beside the mean gram
GROWTHS = (0, 1, 2)  # powers of the age of a step, in seasons, by which its penalty grows


@dataclass(frozen=True)
class WindowMoments:
    """What the squared error of any linear map depends on, as means over windows."""

    gram: Tensor  # (L, L), of x xᵀ
    moment: Tensor  # (L, H), of x yᵀ
    power: Tensor  # (), of y yᵀ's trace
    count: int  # windows

    @classmethod
    def of(cls, windows: Iterable[tuple[Tensor, Tensor]]) -> Self | None:
        """Those of some windows at a time, past (N, L) and future (N, H); None if there are none."""
        gram = moment = power = torch.zeros(())
        count = 0
        for past, future in windows:
            x, y = past.cpu().double(), future.cpu().double()
            gram, moment, power = gram + x.T @ x, moment + x.T @ y, power + (y**2).sum()
            count += len(x)
        return cls(gram / count, moment / count, power / count, count) if count else None

    def error(self, weights: Tensor) -> float:
        """The mean squared error of a step by weights (L, H)."""
        fit = (weights * (self.gram @ weights)).sum() - 2 * (weights * self.moment).sum()
        return float(self.power + fit) / weights.shape[1]


class RidgeMap(NamedTuple):
    """A linear map, and how it was chosen."""

    weights: Tensor  # (L, H), or (seasons of the past, seasons to come)
    penalty: float
    growth: int  # the power of age by which the penalty grows
    share: float  # of the map of seasons in it
    error: float  # mean squared, of the windows that chose


def fit_steps(train: WindowMoments, valid: WindowMoments, season: int) -> RidgeMap:
    """The map (L, H) of all steps that forecasts windows of valid best.

    Its weights are those of ridge regression on windows of train, mixed with those of the map of seasons where a season
    is longer than a step. The penalty of a step grows with its age. Penalty, growth and share of seasons are chosen.

    Args:
        train: Of the windows that weights are fitted to.
        valid: Of the windows that choose.
        season: Steps of a season.

    Returns:
        The map.
    """
    steps, horizon = train.moment.shape
    other = torch.zeros(steps, horizon, dtype=train.moment.dtype)
    if season > 1:
        other = spread_seasons(fit_seasons(train, valid, season).weights, steps, horizon, season)
    return min((fit_growth(train, valid, other, season, one) for one in GROWTHS), key=lambda one: one.error)


def fit_growth(
    train: WindowMoments, valid: WindowMoments, other: Tensor, season: int, growth: int
) -> RidgeMap:
    """The best map among those whose penalty grows by one power of the age.

    The maps of all penalties are `basis @ diag(d) @ target`, so that the error of each, and of its mixture with another
    map, takes a few products of vectors.

    Args:
        train: Of the windows that weights are fitted to.
        valid: Of the windows that choose.
        other: The map (L, H) that it may be mixed with; zeros if with none.
        season: Steps of a season.
        growth: The power.

    Returns:
        The map.
    """
    steps, horizon = train.moment.shape
    age = 1 + torch.arange(steps - 1, -1, -1, dtype=torch.float64) / season  # (L,)
    shrink = (age ** (-growth / 2))[:, None]
    values, vectors = torch.linalg.eigh(shrink * train.gram * shrink.T)
    basis = shrink * vectors  # (L, R)
    target = basis.T @ train.moment  # (R, H)
    squares = (basis.T @ valid.gram @ basis) * (target @ target.T)  # (R, R)
    hits = (target * (basis.T @ valid.moment)).sum(1)  # (R,)
    met = (target * (basis.T @ (valid.gram @ other))).sum(1)  # (R,)
    alone = (other * (valid.gram @ other)).sum(), (other * valid.moment).sum()
    found = []
    for penalty in RIDGE_PENALTIES:
        d = 1 / (values + penalty)
        own, both, hit = d @ squares @ d, d @ met, d @ hits
        apart = own - 2 * both + alone[0]
        share = float(((own - both - hit + alone[1]) / apart).clamp(0, 1)) if other.any() else 0.0
        rest = 1 - share
        square = rest**2 * own + 2 * share * rest * both + share**2 * alone[0]
        error = float(valid.power - 2 * (rest * hit + share * alone[1]) + square) / horizon
        found.append((error, penalty, share))
    error, penalty, share = min(found)
    weights = (1 - share) * (basis @ (target / (values + penalty)[:, None])) + share * other
    return RidgeMap(weights, penalty, growth, share, error)


def fit_seasons(train: WindowMoments, valid: WindowMoments, season: int) -> RidgeMap:
    """The map of the values of a phase in past seasons that forecasts windows of valid best (Lin et al., 2024).

    Args:
        train: Of the windows that weights are fitted to.
        valid: Of the windows that choose the penalty.
        season: Steps of a season.

    Returns:
        The map; its weights (m, n) are the same for all phases.
    """
    steps, horizon = train.moment.shape
    whole, ahead = -(-steps // season), -(-horizon // season)
    gram, moment = torch.zeros(whole * season, whole * season), torch.zeros(whole * season, horizon)
    gram, moment = gram.double(), moment.double()
    gram[-steps:, -steps:], moment[-steps:] = train.gram, train.moment  # filled up at its beginning
    cells = gram.view(whole, season, whole, season).diagonal(dim1=1, dim2=3)  # (m, m, P)
    found = []
    for penalty in RIDGE_PENALTIES:
        columns = []
        for j in range(ahead):
            phases = min(season, horizon - j * season)
            pairs = moment[:, j * season :].unflatten(0, (whole, season))[:, :phases, :phases]
            right = pairs.diagonal(dim1=1, dim2=2).mean(1)  # (m,)
            left = cells[..., :phases].mean(2) + penalty * torch.eye(whole, dtype=torch.float64)
            columns.append(torch.linalg.solve(left, right))
        weights = torch.stack(columns, 1)  # (m, n)
        error = valid.error(spread_seasons(weights, steps, horizon, season))
        found.append(RidgeMap(weights, penalty, 0, 1.0, error))
    return min(found, key=lambda one: one.error)


def spread_seasons(weights: Tensor, steps: int, horizon: int, season: int) -> Tensor:
    """Weights (m, n) of the seasons of each phase as weights (L, H) of all steps."""
    whole = torch.kron(weights, torch.eye(season, dtype=weights.dtype))  # (m · P, n · P)
    return whole[-steps:, :horizon]
