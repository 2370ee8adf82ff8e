"""The loss of segmentation: cross-entropy for each pixel, and Dice for whole areas."""

import torch
from torch import Tensor

from jumok.losses.tokens import Loss
from jumok.values import MaskTargets


def mask_loss(logits: Tensor, targets: MaskTargets, dice: bool = True) -> Loss:
    """Cross-entropy of the pixels whose class is known, plus the Dice loss.

    Cross-entropy gives each pixel the same weight, so that a small class hardly counts; Dice gives each class the
    same weight. A batch without any known pixel costs 0.

    Args:
        logits: Logits of the classes (B, C, Y, X).
        targets: The class of each pixel, -1 where it is unknown.
        dice: Whether to add the Dice loss.

    Returns:
        A loss that counts images; `correct` is the number of correct pixels.
    """
    with torch.autocast(logits.device.type, enabled=False):
        wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
        pixels = wide.permute(0, 2, 3, 1).flatten(0, 2)  # (P, C), as channels-last memory has them
        loss, correct = _PixelLoss.apply(pixels, targets.classes.flatten(), dice)
    return Loss(loss * len(logits), len(logits), int(correct))


class _PixelLoss(torch.autograd.Function):
    """Mean cross-entropy of logits (P, C) to classes (P,), -1 for unknown, plus Dice; with the pixels right.

    The gradient is made in the forward pass: step by step, autograd would go over all pixels four times as often.
    """

    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx, logits: Tensor, classes: Tensor, dice: bool
    ) -> tuple[Tensor, Tensor]:
        known = classes >= 0
        wanted = classes.clamp(min=0)[:, None]
        count = known.sum().clamp(min=1).to(logits.dtype)
        probabilities = logits.softmax(-1)
        best, chance = logits.amax(-1), probabilities.amax(-1)  # chance is at least 1 / C
        at_target = logits.gather(1, wanted).squeeze(1)
        entropy = ((best - at_target - chance.log()) * known).sum() / count
        correct = ((at_target == best) & known).sum()  # ties count as right
        ctx.mark_non_differentiable(correct)
        # d loss / d logit = p · (slope - mean slope under p), for slopes d loss / d p
        if dice:
            overlap, slopes, more_at_target = dice_of(probabilities, wanted, known)
            more_at_target = more_at_target * probabilities.gather(1, wanted).squeeze(1)  # (P,)
            mean_slope = (probabilities.square() @ slopes) + more_at_target  # (P,)
            gradient = (probabilities * slopes).add_((1 / count - mean_slope)[:, None]).mul_(probabilities)
            gradient.scatter_add_(1, wanted, (more_at_target - 1 / count)[:, None])
            entropy = entropy + overlap
        else:
            gradient = probabilities.div_(count)
            gradient.scatter_add_(1, wanted, (-1 / count).expand(len(wanted), 1))
        ctx.save_for_backward(gradient.mul_(known[:, None]))
        return entropy, correct

    @staticmethod
    def backward(ctx, gradient: Tensor, _: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[no-untyped-def]
        (at_pixels,) = ctx.saved_tensors
        return at_pixels * gradient, None, None


def dice_of(probabilities: Tensor, wanted: Tensor, known: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The soft Dice loss and its derivative (Milletari et al., 2016, section 3).

    1 - 2 Σ p g / (Σ p² + Σ g²), summed over all known pixels of the batch, a mean over the classes that occur; 0 if
    none does.

    Args:
        probabilities: Probabilities of the classes (P, C).
        wanted: The class of each pixel (P, 1).
        known: True for pixels whose class is known (P,).

    Returns:
        The loss, and its derivative in two parts: slopes (C,) that multiply p, and what is added to that at the class
        of each pixel (P,).
    """
    truth = wanted.squeeze(1)
    at_truth = probabilities.gather(1, wanted).squeeze(1) * known  # (P,)
    shared = probabilities.new_zeros(probabilities.shape[1]).index_add(0, truth, at_truth)  # (C,)
    guessed = known.to(probabilities.dtype) @ probabilities.square()  # (C,)
    marked = torch.bincount(truth, known.to(probabilities.dtype), len(shared)).to(probabilities.dtype)  # (C,)
    occurs = marked > 0
    weight = occurs.to(shared.dtype) / occurs.sum().clamp(min=1)  # (C,)
    both = (guessed + marked).clamp(min=1)  # a class that occurs has one pixel at least
    loss = ((1 - 2 * shared / both) * weight).sum()
    return loss, 4 * weight * shared / both.square(), (-2 * weight / both)[truth]
