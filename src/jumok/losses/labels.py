"""Losses of labels: one of several classes, classes in order, and several classes at once."""

import torch
import torch.nn.functional as F
from torch import Tensor


def ordered_log_probabilities(exceeded: Tensor) -> Tensor:
    """Log-probabilities of ranks from the logits that each rank is exceeded.

    σ(a) - σ(b) = σ(a) σ(-b) (1 - exp(b - a)) keeps the difference of two sigmoids exact where both are close to 0 or 1.

    Args:
        exceeded: Logits (B, C - 1), decreasing from rank to rank.

    Returns:
        (B, C); the probabilities of a row sum to one.
    """
    ends = exceeded.new_full((len(exceeded), 1), torch.inf)
    above, below = torch.cat((ends, exceeded), 1), torch.cat((exceeded, -ends), 1)  # (B, C)
    return F.logsigmoid(above) + F.logsigmoid(-below) + torch.log1p(-(below - above).exp())


def exclusive_loss(log_probabilities: Tensor, classes: Tensor, weights: Tensor, smoothing: float) -> Tensor:
    """Cross-entropy of one class for each example.

    Args:
        log_probabilities: Of the classes (B, C).
        classes: The right class of each example (B,).
        weights: Of each class (C,).
        smoothing: Share of the right class's probability that is spread over all classes (label smoothing: Szegedy et
            al., 2016, section 7).

    Returns:
        The loss of each example (B,).
    """
    right = log_probabilities.gather(1, classes[:, None]).squeeze(1)  # (B,)
    loss = -(1 - smoothing) * right
    if smoothing:
        loss = loss - smoothing * log_probabilities.mean(1)
    return loss * weights[classes]


def several_loss(logits: Tensor, present: Tensor, weights: Tensor) -> Tensor:
    """The mean binary cross-entropy of all classes.

    Args:
        logits: Of the classes (B, C).
        present: Which classes are right (B, C).
        weights: Of a class where it is right (C,), against 1 where it is not.

    Returns:
        The loss of each example (B,).
    """
    wanted = present.to(logits.dtype)
    return F.binary_cross_entropy_with_logits(logits, wanted, reduction="none", pos_weight=weights).mean(1)
