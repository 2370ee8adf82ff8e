"""Focal loss: binary cross-entropy that down-weights easy examples."""

import torch.nn.functional as F
from torch import Tensor


def quality_focal(logits: Tensor, wanted: Tensor, focus: float = 2.0) -> Tensor:
    """Quality focal loss: |wanted - p| ** focus × binary cross-entropy, element by element, with p = sigmoid(logits).

    For targets of 0 or 1 it is the focal loss (Lin et al., 2017); for targets between them (Li et al., 2020, equation
    6), p learns how good a box is.

    Args:
        logits: Logits of any shape.
        wanted: Targets from 0 to 1 of the same shape.
        focus: The exponent; 0 gives plain cross-entropy.

    Returns:
        The loss of each element.
    """
    entropy = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    return (wanted - logits.sigmoid()).abs() ** focus * entropy
