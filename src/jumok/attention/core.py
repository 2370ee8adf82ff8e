"""Scaled dot-product attention: score, softmax weight, weighted sum (Vaswani et al., 2017).

B batch, H heads, T target positions (queries), S source positions (keys and values), K width of one head.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from jumok.dropout import dropout as drop

# In bf16 on the CPU, up to so many keys, matmul and softmax one after the other are faster than the fused kernel:
# on the way back, and forward where there are several rows to multiply (benchmarks/attention.py).
SHORT_KEYS = 512
MIN_EXPLICIT_BATCH = 4


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    allowed: Tensor | None = None,
    causal: bool = False,
    scale: float | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Scaled dot-product attention (Vaswani et al., 2017); a query that may attend to nothing gets zeros.

    Args:
        q: Queries (B, H, T, K).
        k: Keys (B, H, S, K).
        v: Values (B, H, S, K).
        allowed: Boolean, broadcasts to (B, H, T, S); True where a query may attend.
        causal: Whether query t sees only keys up to t + S - T, so that the last query sees all.
        scale: The factor of the dot products, K ** -0.5 by default.
        dropout: The probability that a weight is dropped.

    Returns:
        The mixed values, (B, H, T, K).
    """
    if scale is None:
        scale = q.shape[-1] ** -0.5
    if _explicit_is_faster(q, k):
        return _explicit(q, k, v, allowed, causal, scale, dropout)
    if causal and (allowed is not None or q.shape[-2] != k.shape[-2]):
        past = causal_mask(q.shape[-2], k.shape[-2], q.device)
        allowed, causal = past if allowed is None else allowed & past, False
    mixed = F.scaled_dot_product_attention(q, k, v, allowed, dropout, causal, scale=scale)
    if allowed is None or mixed.device.type == "cpu":  # the kernels of the CPU give zeros themselves
        return mixed
    return _zero_fully_masked_rows(mixed, allowed)


def attention_weights(
    q: Tensor, k: Tensor, allowed: Tensor | None = None, causal: bool = False, scale: float | None = None
) -> Tensor:
    """The weights of `attend`, in float32 or better.

    Args:
        q: Queries (B, H, T, K).
        k: Keys (B, H, S, K).
        allowed: Boolean, broadcasts to (B, H, T, S); True where a query may attend.
        causal: Whether query t sees only keys up to t + S - T, so that the last query sees all.
        scale: The factor of the dot products, K ** -0.5 by default.

    Returns:
        Weights (B, H, T, S); a row sums to one, or to zero if all keys are masked.
    """
    if scale is None:
        scale = q.shape[-1] ** -0.5
    wide = torch.promote_types(q.dtype, torch.float32)
    scores = (q.to(wide) * scale) @ k.to(wide).transpose(-2, -1)  # (B, H, T, S)
    mask = _joint_mask(allowed, causal, q.shape[-2], k.shape[-2], q.device)
    if mask is None:
        return scores.softmax(-1)
    weights = scores.masked_fill(~mask, float("-inf")).softmax(-1)
    return weights.masked_fill(~mask.any(-1, keepdim=True), 0.0)  # a NaN of a broken model stays visible


def causal_mask(targets: int, sources: int, device: torch.device) -> Tensor:
    """The mask of causal attention.

    Args:
        targets: T.
        sources: S.
        device: The device.

    Returns:
        Boolean (T, S), True where target t may attend.
    """
    return torch.ones(targets, sources, dtype=torch.bool, device=device).tril(sources - targets)


def _joint_mask(
    allowed: Tensor | None, causal: bool, targets: int, sources: int, device: torch.device
) -> Tensor | None:
    if not causal:
        return allowed
    past = causal_mask(targets, sources, device)
    return past if allowed is None else allowed & past


def _explicit_is_faster(q: Tensor, k: Tensor) -> bool:
    on_tape = torch.is_grad_enabled() and (q.requires_grad or k.requires_grad)
    in_question = q.device.type == "cpu" and q.dtype == torch.bfloat16 and k.shape[-2] <= SHORT_KEYS
    return in_question and (on_tape or len(q) >= MIN_EXPLICIT_BATCH)


def _explicit(
    q: Tensor, k: Tensor, v: Tensor, allowed: Tensor | None, causal: bool, scale: float, dropout: float
) -> Tensor:
    B, H, T, _ = q.shape
    S = k.shape[-2]
    mask = _joint_mask(allowed, causal, T, S, q.device)
    with torch.autocast(q.device.type, enabled=False):  # softmax stays in the dtype of the scores
        bias = q.new_zeros(1, 1, 1) if mask is None else _bias(mask, B, H, q.dtype)
        keys = k.flatten(0, 1).transpose(1, 2)  # (BH, K, S)
        scores = torch.baddbmm(bias, q.flatten(0, 1), keys, alpha=scale)  # (BH, T, S)
        weights = drop(scores.softmax(-1), dropout, training=True)
        mixed = torch.bmm(weights, v.flatten(0, 1)).unflatten(0, (B, H))  # (B, H, T, K)
    return mixed if mask is None else _zero_fully_masked_rows(mixed, mask)


def _bias(mask: Tensor, B: int, H: int, dtype: torch.dtype) -> Tensor:
    """Zero where allowed, the lowest number elsewhere; (BH or 1, T or 1, S), as small as can be."""
    lowest = torch.finfo(dtype).min
    bias = torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill_(~mask, lowest)
    bias = bias[(None,) * (4 - bias.ndim)]
    if bias.shape[0] == bias.shape[1] == 1:
        return bias[0]
    return bias.expand(B, H, -1, -1).flatten(0, 1)


def _zero_fully_masked_rows(mixed: Tensor, allowed: Tensor) -> Tensor:
    """Set the rows of mixed (B, H, T, K) to zero whose query is fully masked."""
    sees = allowed.any(-1, keepdim=True)
    # In bf16 on the CPU a copy costs four per cent of a step of training, and a glance nothing; graphs cannot look.
    if not torch.compiler.is_compiling() and mixed.device.type == "cpu" and bool(sees.all()):
        return mixed
    return mixed.masked_fill(~sees, 0.0)
