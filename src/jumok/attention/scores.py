"""The scores before the softmax, for one recorded call of attention."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

MAX_ELEMENTS = 2**20  # that additive scores make at a time, of queries × keys × width


class Scores(Protocol):
    """The scores of every query and key, computed piece by piece."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """B, H, T, S."""
        ...

    def of(self, example: int, head: int, queries: slice, keys: slice) -> Tensor:
        """Scores of one head, upcast; -inf where a query may not attend.

        Args:
            example: The example of the batch.
            head: The head.
            queries: The rows.
            keys: The columns.

        Returns:
            Scores before the softmax, (T', S').
        """
        ...

    def tensors(self) -> Iterator[Tensor]:
        """What they are computed of."""
        ...


@dataclass(frozen=True, eq=False)
class DotScores:
    """scale · q kᵀ + bias, for the keys that are not masked."""

    queries: Tensor  # (B, H, T, K)
    keys: Tensor  # (B, G, S, K), each read by H / G heads
    scale: float
    bias: Tensor | None = None  # (B, H, T, S), mostly of stride 0
    allowed: Tensor | None = None  # bool (B, H, T, S), mostly of stride 0
    offset: int | None = None  # query t sees keys up to t + offset; None: all

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """B, H, T, S."""
        B, H, T, _ = self.queries.shape
        return B, H, T, self.keys.shape[2]

    def of(self, example: int, head: int, queries: slice, keys: slice) -> Tensor:
        """Scaled and masked dot products of one head.

        Args:
            example: The example of the batch.
            head: The head.
            queries: The rows.
            keys: The columns.

        Returns:
            Scores before the softmax, (T', S').
        """
        group = head * self.keys.shape[1] // self.shape[1]
        q = upcast(self.queries[example, head, queries])  # (T', K)
        k = upcast(self.keys[example, group, keys])  # (S', K)
        scores = self.scale * (q @ k.T)  # (T', S')
        if self.bias is not None:
            scores = scores + self.bias[example, head, queries, keys]
        if self.allowed is not None:
            scores = scores.masked_fill(~self.allowed[example, head, queries, keys], -torch.inf)
        if self.offset is not None:
            rows = torch.arange(self.shape[2], device=q.device)[queries]  # (T',)
            columns = torch.arange(self.shape[3], device=q.device)[keys]  # (S',)
            scores = scores.masked_fill(columns > rows[:, None] + self.offset, -torch.inf)
        return scores

    def tensors(self) -> Iterator[Tensor]:
        """The tensors that are kept for the scores."""
        yield from (part for part in (self.queries, self.keys, self.bias, self.allowed) if part is not None)


@dataclass(frozen=True, eq=False)
class AdditiveScores:
    """energy · tanh(q + k) (Bahdanau et al., 2015, appendix A.1.2), for the keys that are real; one head."""

    queries: Tensor  # (B, T, D)
    keys: Tensor  # (B, S, D)
    energy: Tensor  # (D,)
    valid: Tensor  # bool (B, S)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """B, 1, T, S; additive attention has one head."""
        B, T, _ = self.queries.shape
        return B, 1, T, self.keys.shape[1]

    def of(self, example: int, head: int, queries: slice, keys: slice) -> Tensor:
        """Additive scores (Bahdanau et al., 2015), computed in pieces of at most MAX_ELEMENTS elements.

        Args:
            example: The example of the batch.
            head: 0, the only head.
            queries: The rows.
            keys: The columns.

        Returns:
            Scores before the softmax, (T', S').
        """
        q, k = upcast(self.queries[example, queries]), upcast(self.keys[example, keys])
        few = max(1, MAX_ELEMENTS // max(1, k.numel()))
        scores = q.new_empty(len(q), len(k))  # (T', S')
        for start in range(0, len(q), few):
            some = slice(start, start + few)
            scores[some] = torch.tanh(q[some, None] + k) @ upcast(self.energy)
        return scores.masked_fill(~self.valid[example, keys], -torch.inf)

    def tensors(self) -> Iterator[Tensor]:
        """The tensors that are kept for the scores."""
        yield from (self.queries, self.keys, self.energy, self.valid)


def upcast(x: Tensor) -> Tensor:
    """Upcast, so that weights are exact to the inputs."""
    return x.to(torch.float32 if x.device.type == "mps" else torch.float64)
