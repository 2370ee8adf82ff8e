"""Cross-entropy over a vocabulary that never holds a (positions × vocabulary) tensor."""

from dataclasses import dataclass

import torch
from torch import Tensor

from jumok.layers.embedding import TokenOutput

CHUNK_POSITIONS = 1024  # positions at a time: the float32 logits of a chunk stay in tens of megabytes


@dataclass(frozen=True)
class Loss:
    """A summed loss with the number of its terms, so that batches can be added and averaged."""

    total: Tensor  # scalar with a gradient
    count: int  # tokens (or boxes, pixels ...)
    correct: int  # of them predicted right


class _ChunkedCrossEntropy(torch.autograd.Function):
    """Sum of label-smoothed cross-entropy; gradients are made in the forward pass, chunk by chunk."""

    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor,
        targets: Tensor,
        smoothing: float,
        dtype: torch.dtype,
        wants_gradient: bool,
    ) -> tuple[Tensor, Tensor]:
        low_weight, low_bias = weight.to(dtype), bias.to(dtype)
        total = torch.zeros((), dtype=torch.promote_types(dtype, torch.float32), device=hidden.device)
        correct = torch.zeros((), dtype=torch.long, device=hidden.device)
        d_hidden = torch.empty_like(hidden, dtype=dtype) if wants_gradient else None
        d_weight, d_bias = (torch.zeros_like(p, dtype=total.dtype) for p in (weight, bias))
        for start in range(0, len(targets), CHUNK_POSITIONS):
            rows = slice(start, start + CHUNK_POSITIONS)
            x, y = hidden[rows].to(dtype), targets[rows]
            logits = torch.addmm(low_bias, x, low_weight.T).to(total.dtype)  # (chunk, V)
            loss, right, d_logits = _chunk(logits, y, smoothing)
            total += loss
            correct += right
            if d_hidden is not None:
                low = d_logits.to(dtype)
                d_hidden[rows] = low @ low_weight
                d_weight += low.T @ x
                d_bias += d_logits.sum(0)
        if d_hidden is not None:
            ctx.save_for_backward(d_hidden.to(hidden.dtype), d_weight.to(weight.dtype), d_bias.to(bias.dtype))
        ctx.mark_non_differentiable(correct)
        return total, correct

    @staticmethod
    def backward(ctx, gradient: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[no-untyped-def]
        d_hidden, d_weight, d_bias = (saved * gradient.to(saved.dtype) for saved in ctx.saved_tensors)
        return d_hidden, d_weight, d_bias, None, None, None, None


def _chunk(logits: Tensor, targets: Tensor, smoothing: float) -> tuple[Tensor, Tensor, Tensor]:
    """Loss, number of right guesses and the gradient of logits (chunk, V)."""
    vocabulary = logits.shape[-1]
    best = logits.amax(-1)
    at_target = logits.gather(1, targets[:, None]).squeeze(1)
    right = (at_target == best).sum()  # ties count as right
    mean = logits.mean(-1) if smoothing else at_target
    gradient = logits.softmax(-1)
    log_partition = best - gradient.amax(-1).log()  # the likeliest token's probability is at least 1 / V
    loss = (log_partition - (1 - smoothing) * at_target - smoothing * mean).sum()
    if smoothing:
        gradient -= smoothing / vocabulary
    gradient.scatter_add_(1, targets[:, None], gradient.new_full((len(targets), 1), smoothing - 1))
    return loss, right, gradient


def token_loss(
    output: TokenOutput, hidden: Tensor, targets: Tensor, valid: Tensor, smoothing: float = 0.0
) -> Loss:
    """The summed cross-entropy of the next tokens; padded positions cost nothing.

    Args:
        output: The layer from states to logits.
        hidden: States before the output (B, T, D).
        targets: Token numbers (B, T).
        valid: True for real positions (B, T).
        smoothing: Share of the target's probability that is spread over all tokens (label smoothing: Szegedy et al.,
            2016, section 7), as `label_smoothing` of `torch.nn.functional.cross_entropy`.

    Returns:
        A loss that counts tokens; `correct` is the number of correct predictions.
    """
    kind = hidden.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else hidden.dtype
    real, wanted = hidden[valid], targets[valid]  # (N, D), (N,)
    with torch.autocast(kind, enabled=False):
        total, correct = _ChunkedCrossEntropy.apply(
            real, output.weight, output.bias, wanted, smoothing, dtype, torch.is_grad_enabled()
        )
    return Loss(total, len(wanted), int(correct))
