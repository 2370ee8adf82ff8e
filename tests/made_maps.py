"""Attention with weights that a test has chosen."""

import torch
from torch import Tensor

from jumok.attention.maps import AttentionMap
from jumok.attention.scores import DotScores


def random_weights(*shape: int, causal: bool = False) -> Tensor:
    """Rows (..., T, S) that sum to one."""
    scores = torch.randn(*shape, dtype=torch.float64)
    if causal:
        scores = scores.masked_fill(~torch.ones(shape[-2:], dtype=torch.bool).tril(), -torch.inf)
    return scores.softmax(-1)


def map_of(weights: Tensor, name: str = "layer", offset: int | None = None) -> AttentionMap:
    """A call of attention that looked as weights (B, H, T, S) say; the values are zeros."""
    B, H, T, S = weights.shape
    queries, keys = torch.zeros(B, H, T, 1).double(), torch.zeros(B, H, S, 1).double()
    scores = DotScores(queries, keys, 1.0, weights.double().log(), None, offset)
    return AttentionMap(name, scores, keys, queries)
