"""The loss of forecasts: squared or absolute errors of a path, and the pinball loss of quantiles."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from jumok.losses.tokens import Loss
from jumok.values import SeriesBatch

ForecastLoss = Literal["mse", "mae", "quantile"]


def forecast_loss(found: Tensor, target: SeriesBatch, loss: ForecastLoss, levels: Sequence[float]) -> Loss:
    """The mean error of the measured values of each window, summed over windows.

    Args:
        found: The path and then the quantiles (B, H, C, 1 + Q); with the loss "quantile" the quantiles (B, H, C, Q).
        target: What came (B, H, C), in the same units.
        loss: Of the path; "quantile" has none, for its median is one of the quantiles.
        levels: Of the quantiles (Q,), whose pinball losses (Koenker & Bassett, 1978) are added.

    Returns:
        A loss that counts windows; real values are never exactly right, so that `correct` is 0.
    """
    with torch.autocast(found.device.type, enabled=False):
        errors = target.values[..., None] - found.to(torch.promote_types(found.dtype, torch.float32))
        path = 0 if loss == "quantile" else 1
        costs = quantile_costs(errors[..., path:], levels)  # (B, H, C)
        if loss != "quantile":
            error = errors[..., 0]
            costs = costs + (error**2 if loss == "mse" else error.abs())
        costs = costs * target.observed
        by_window = costs.sum((1, 2)) / target.observed.sum((1, 2)).clamp(min=1)  # (B,)
        return Loss(by_window.sum(), len(by_window), 0)


def quantile_costs(errors: Tensor, levels: Sequence[float]) -> Tensor:
    """The mean pinball loss (B, H, C) of errors (B, H, C, Q), what came minus the quantile; 0 without quantiles."""
    if not levels:
        return errors.new_zeros(errors.shape[:-1])
    level = errors.new_tensor(levels)
    return torch.maximum(level * errors, (level - 1) * errors).mean(-1)
