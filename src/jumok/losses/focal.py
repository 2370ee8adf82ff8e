"""Binary cross-entropy that looks away from what is easy."""

import torch.nn.functional as F
from torch import Tensor


def quality_focal(logits: Tensor, wanted: Tensor, focus: float = 2.0) -> Tensor:
    """|wanted - p| ** focus × binary cross-entropy, element by element, of p = sigmoid(logits) to 0 <= wanted <= 1.

    For a wanted 0 or 1 it is the focal loss (Lin et al., 2017); between them (Li et al., 2020, equation 6) p learns
    how good a box is.
    """
    entropy = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    return (wanted - logits.sigmoid()).abs() ** focus * entropy
