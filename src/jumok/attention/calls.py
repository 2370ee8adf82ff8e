"""The attention functions, and the arguments of their calls."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from jumok.attention import core, recurrent
from jumok.attention.scores import AdditiveScores, DotScores, Scores

Keep = Callable[[Tensor], Tensor]  # how a tensor is kept


class Call(NamedTuple):
    """What went into one call of attention."""

    scores: Scores
    values: Tensor  # (B, G, S, V)
    dropout: float

    def shaped(self, mixed: Tensor) -> Tensor:
        """The output, or its gradient, as (B, H, T, V)."""
        return mixed.reshape(*self.scores.shape[:3], mixed.shape[-1])


class PatchedFunction(NamedTuple):
    """A function that attends."""

    function: Any
    read: Callable[..., Call]  # of how to hold tensors, and the function's arguments by its own names


def read_sdpa(
    hold: Keep,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Call:
    """`scaled_dot_product_attention` of (..., T, K), (..., S, K), (..., S, V); a causal row t ends at key t.

    Args:
        hold: Keeps a tensor, as it is or as a copy.
        query: Queries (..., T, K).
        key: Keys (..., S, K).
        value: Values (..., S, V).
        attn_mask: A boolean mask or a bias; broadcasts to (..., T, S).
        dropout_p: The probability that a weight was dropped.
        is_causal: Whether query t ends at key t.
        scale: The factor of the dot products, K ** -0.5 by default.
        enable_gqa: Whether several heads of queries share one of keys.

    Returns:
        What is kept of the call.
    """
    offset = 0 if is_causal else None
    recipe: Any = attn_mask if hasattr(attn_mask, "seq_len_kv") else None  # a CausalBias, imported in seconds
    if recipe is not None:
        lower = recipe.variant.name == "LOWER_RIGHT"
        offset, attn_mask = recipe.seq_len_kv - recipe.seq_len_q if lower else 0, None
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    own = (
        -3 if enable_gqa else -2
    )  # from here on each has its own sizes; before, they broadcast like all tensors
    parts = [hold(in_autocast_dtype(part)) for part in (query, key, value)]
    mask = None if attn_mask is None else hold(in_autocast_dtype(attn_mask))
    batch = torch.broadcast_shapes(*(part.shape[:own] for part in parts))
    queries, keys, values = (with_heads(part.expand(*batch, *part.shape[own:])) for part in parts)
    if mask is None:
        return Call(DotScores(queries, keys, scale, None, None, offset), values, dropout_p)
    pairs = with_heads(mask.expand(*batch, *query.shape[own:-1], key.shape[-2]))
    bias, allowed = (None, pairs) if mask.dtype == torch.bool else (pairs, None)
    return Call(DotScores(queries, keys, scale, bias, allowed, offset), values, dropout_p)


def read_attend(
    hold: Keep,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    allowed: Tensor | None = None,
    causal: bool = False,
    scale: float | None = None,
    dropout: float = 0.0,
) -> Call:
    """`attend` of jumok; the last row of a causal call ends at the last key.

    Args:
        hold: Keeps a tensor, as it is or as a copy.
        q: Queries (..., T, K).
        k: Keys (..., S, K).
        v: Values (..., S, K).
        allowed: True where a query may attend; broadcasts to (..., T, S).
        causal: Whether a query sees no later keys.
        scale: The factor of the dot products, K ** -0.5 by default.
        dropout: The probability that a weight was dropped.

    Returns:
        What is kept of the call.
    """
    shape = (*q.shape[:3], k.shape[2])
    queries, keys, values = (hold(in_autocast_dtype(part)) for part in (q, k, v))
    kept = None if allowed is None else hold(allowed).expand(shape)
    offset = k.shape[2] - q.shape[2] if causal else None
    scale = q.shape[-1] ** -0.5 if scale is None else scale
    return Call(DotScores(queries, keys, scale, None, kept, offset), values, dropout)


def read_additive(hold: Keep, q: Tensor, k: Tensor, v: Tensor, energy: Tensor, valid: Tensor) -> Call:
    """`attend_additively` of jumok. The energy is a parameter, which a step of training overwrites: it is copied.

    Args:
        hold: Keeps a tensor, as it is or as a copy.
        q: Queries (B, T, D).
        k: Keys (B, S, D).
        v: Values (B, S, D).
        energy: The energy vector (D,).
        valid: True on real keys, (B, S).

    Returns:
        What is kept of the call.
    """
    scores = AdditiveScores(hold(q), hold(k), energy.detach().clone(), hold(valid))
    return Call(scores, hold(v)[:, None], 0.0)


def in_autocast_dtype(x: Tensor) -> Tensor:
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
    PatchedFunction(torch.nn.functional.scaled_dot_product_attention, read_sdpa),
    PatchedFunction(core.attend, read_attend),
    PatchedFunction(recurrent.attend_additively, read_additive),
)
