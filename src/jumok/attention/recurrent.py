"""The attentions of recurrent decoders: additive (Bahdanau) and multiplicative (Luong)."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from jumok.attention.core import attend


class ProjectedMemory(NamedTuple):
    """A memory with projected keys, computed once for all steps of a search."""

    keys: Tensor  # (B, S, D)
    values: Tensor  # (B, S, D)
    valid: Tensor  # (B, S)

    def select(self, sources: Tensor) -> "ProjectedMemory":
        """The memory of some sources (N,) of the batch."""
        return ProjectedMemory(*(part.index_select(0, sources) for part in self))


def attend_additively(q: Tensor, k: Tensor, v: Tensor, energy: Tensor, valid: Tensor) -> Tensor:
    """Additive attention (Bahdanau et al., 2015); an example without real keys gets zeros.

    Args:
        q: Projected queries (B, T, D).
        k: Projected keys (B, S, D).
        v: Values (B, S, D).
        energy: The energy vector (D,), applied to tanh(q + k).
        valid: True on real keys, (B, S).

    Returns:
        The mixed values, (B, T, D).
    """
    mixed = torch.tanh(q[:, :, None] + k[:, None])  # (B, T, S, D)
    scores = F.linear(mixed, energy[None]).squeeze(-1)  # (B, T, S)
    scores = scores.masked_fill(~valid[:, None], torch.finfo(scores.dtype).min)
    weights = scores.softmax(-1) * valid[:, None]
    return weights @ v.to(weights.dtype)


class AdditiveAttention(nn.Module):
    """score = v · tanh(W query + U key) (Bahdanau et al., 2015, appendix A.1.2)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.energy = nn.Linear(width, 1, bias=False)

    def prepare(self, states: Tensor, valid: Tensor) -> ProjectedMemory:
        """U key is made once for a memory of states (B, S, D)."""
        return ProjectedMemory(self.key(states), states, valid)

    def forward(self, queries: Tensor, looked: ProjectedMemory) -> Tensor:
        """The context (B, T, D) of queries (B, T, D)."""
        return attend_additively(
            self.query(queries), looked.keys, looked.values, self.energy.weight[0], looked.valid
        )


class DotAttention(nn.Module):
    """score = query · W key, the "general" form of Luong et al., 2015, equation 8."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.key = nn.Linear(width, width, bias=False)

    def prepare(self, states: Tensor, valid: Tensor) -> ProjectedMemory:
        """W key is made once for a memory of states (B, S, D)."""
        return ProjectedMemory(self.key(states), states, valid)

    def forward(self, queries: Tensor, looked: ProjectedMemory) -> Tensor:
        """The context (B, T, D) of queries (B, T, D)."""
        parts = (queries, looked.keys, looked.values)
        q, k, v = (part.to(looked.keys.dtype)[:, None] for part in parts)  # (B, 1, ., D)
        return attend(q, k, v, looked.valid[:, None, None], scale=1.0).squeeze(1)
