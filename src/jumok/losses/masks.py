"""The loss of a class for every pixel: cross-entropy, and the overlap of whole areas."""

import torch
from torch import Tensor

from jumok.losses.tokens import Loss
from jumok.values import MaskTargets


def mask_loss(logits: Tensor, targets: MaskTargets, dice: bool = True) -> Loss:
    """Cross-entropy of logits (B, C, Y, X) over the pixels whose class is known, and the Dice loss beside it.

    Cross-entropy asks each pixel alike, so that a small class hardly counts; Dice asks each class alike. A batch
    in which nothing is known costs 0. Counts pictures; `correct` is the pixels right.
    """
    classes, known = targets.classes, targets.classes >= 0  # (B, Y, X)
    with torch.autocast(logits.device.type, enabled=False):
        wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
        log_probabilities = wide.log_softmax(1)  # (B, C, Y, X)
        at_target = log_probabilities.gather(1, classes.clamp(min=0)[:, None]).squeeze(1)  # (B, Y, X)
        loss = -(at_target * known).sum() / known.sum().clamp(min=1)
        if dice:
            loss = loss + dice_loss(log_probabilities.exp(), classes)
    right = (at_target == log_probabilities.detach().amax(1)) & known  # ties count as right
    return Loss(loss * len(logits), len(logits), int(right.sum()))


def dice_loss(probabilities: Tensor, classes: Tensor) -> Tensor:
    """1 - the soft Dice coefficient of probabilities (B, C, Y, X), a mean over the classes (B, Y, X) that occur.

    2 Σ p g / (Σ p² + Σ g²) over all pixels of the batch whose class is known (Milletari et al., 2016, section 3);
    -1 is unknown. 0 where no class occurs.
    """
    count = probabilities.shape[1]
    known = classes >= 0  # (B, Y, X)
    truth = classes[known]  # (P,)
    at_truth = probabilities.gather(1, classes.clamp(min=0)[:, None]).squeeze(1)[known]  # (P,)
    shared = probabilities.new_zeros(count).index_add(0, truth, at_truth)  # (C,)
    guessed = (probabilities.square() * known[:, None]).sum((0, 2, 3))  # (C,)
    marked = torch.bincount(truth, minlength=count)  # (C,)
    occurs = marked > 0
    missed = 1 - 2 * shared / (guessed + marked).clamp(min=1)  # a class that occurs has one pixel at least
    return (missed * occurs).sum() / occurs.sum().clamp(min=1)
