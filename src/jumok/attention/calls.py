"""The functions that attend, and what a call of each of them is made of."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from jumok.attention import core, recurrent
from jumok.attention.scores import AdditiveScores, DotScores, Scores

Hold = Callable[[Tensor], Tensor]  # how a tensor is kept


class Call(NamedTuple):
    """What went into one call of attention."""

    scores: Scores
    values: Tensor  # (B, G, S, V)
    dropout: float

    def shaped(self, mixed: Tensor) -> Tensor:
        """What came out, or its gradient, as (B, H, T, V)."""
        return mixed.reshape(*self.scores.shape[:3], mixed.shape[-1])


class Watched(NamedTuple):
    """A function that attends."""

    function: Any
    read: Callable[..., Call]  # of how to hold tensors, and the function's arguments by its own names


def of_kernel(
    hold: Hold,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Call:
    """`scaled_dot_product_attention` of (..., T, K), (..., S, K), (..., S, V); a causal row t ends at key t."""
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    queries, keys, values = (with_heads(hold(computed(part))) for part in (query, key, value))
    if not enable_gqa:  # like all tensors, they broadcast
        batch = torch.broadcast_shapes(queries.shape[:2], keys.shape[:2], values.shape[:2])
        queries, keys, values = (part.expand(*batch, -1, -1) for part in (queries, keys, values))
    pairs = (*query.shape[:-1], key.shape[-2])
    shape = (*queries.shape[:3], keys.shape[2])
    mask = None if attn_mask is None else hold(attn_mask)
    bias = allowed = None
    if mask is not None and mask.dtype == torch.bool:
        allowed = mask.expand(pairs).reshape(shape)
    elif mask is not None:
        bias = computed(mask).expand(pairs).reshape(shape)
    offset = 0 if is_causal else None
    return Call(DotScores(queries, keys, scale, bias, allowed, offset), values, dropout_p)


def of_attend(
    hold: Hold,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    allowed: Tensor | None = None,
    causal: bool = False,
    scale: float | None = None,
    dropout: float = 0.0,
) -> Call:
    """`attend` of jumok; the last row of a causal call ends at the last key."""
    shape = (*q.shape[:3], k.shape[2])
    queries, keys, values = (hold(computed(part)) for part in (q, k, v))
    kept = None if allowed is None else hold(allowed).expand(shape)
    offset = k.shape[2] - q.shape[2] if causal else None
    scale = q.shape[-1] ** -0.5 if scale is None else scale
    return Call(DotScores(queries, keys, scale, None, kept, offset), values, dropout)


def of_additive(hold: Hold, q: Tensor, k: Tensor, v: Tensor, energy: Tensor, valid: Tensor) -> Call:
    """`attend_additively` of jumok. The energy is a parameter, which a step of training overwrites: it is copied."""
    scores = AdditiveScores(hold(q), hold(k), energy.detach().clone(), hold(valid))
    return Call(scores, hold(v)[:, None], 0.0)


def computed(x: Tensor) -> Tensor:
    """In the numbers that autocast makes the kernel compute in."""
    kind = x.device.type
    in_fp32 = torch.is_autocast_enabled(kind) and x.dtype == torch.float32
    return x.to(torch.get_autocast_dtype(kind)) if in_fp32 else x


def with_heads(x: Tensor) -> Tensor:
    """x (..., L, K) as (B, H, L, K): one head where there is no such dimension."""
    while x.ndim < 4:
        x = x[None] if x.ndim < 3 else x[:, None]
    return x.flatten(0, -4)


WATCHED = (
    Watched(torch.nn.functional.scaled_dot_product_attention, of_kernel),
    Watched(core.attend, of_attend),
    Watched(recurrent.attend_additively, of_additive),
)
