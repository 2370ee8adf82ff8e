"""Losses of real values: of the mean, of a mean with its variance, and of quantiles."""

import torch
from torch import Tensor

LEAST_LOG_DEVIATION = -7.0  # of a predicted deviation, in units of the training values' own


def squared_loss(mean: Tensor, values: Tensor) -> Tensor:
    """The squared error of each value; both (B, N)."""
    return (mean - values).square()


def gaussian_loss(mean: Tensor, log_deviation: Tensor, values: Tensor) -> Tensor:
    """The negative log-likelihood of a normal distribution, without its constant (Nix & Weigend, 1994).

    Args:
        mean: Predicted means (B, N).
        log_deviation: Logarithms of the predicted standard deviations (B, N).
        values: The right values (B, N).

    Returns:
        The loss of each value (B, N).
    """
    bounded = log_deviation.clamp(min=LEAST_LOG_DEVIATION)
    return bounded + 0.5 * ((values - mean) * (-bounded).exp()).square()


def pinball_loss(quantiles: Tensor, values: Tensor, levels: Tensor) -> Tensor:
    """The quantile loss (Koenker & Bassett, 1978), a mean over the levels.

    Args:
        quantiles: Predicted quantiles (B, N, L).
        values: The right values (B, N).
        levels: Between 0 and 1 (L,).

    Returns:
        The loss of each value (B, N).
    """
    error = values[..., None] - quantiles  # (B, N, L)
    return torch.maximum(levels * error, (levels - 1) * error).mean(-1)
