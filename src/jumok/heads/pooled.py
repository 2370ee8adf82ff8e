"""A head that gathers a whole memory in one vector, and answers from it: labels, and values."""

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from jumok.attention.multihead import MultiHeadAttention
from jumok.encoders.transformer import mean_of_valid
from jumok.layers.feedforward import FeedForward
from jumok.layers.transformer import Residual
from jumok.values import Memory

MIN_GAP = 1e-4  # between two thresholds of ordered classes


class AttentionPool(nn.Module):
    """A learned query gathers the states by attention (Lee et al., 2019, section 3.2: pooling with one seed)."""

    def __init__(self, width: int, cross: MultiHeadAttention) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(width))
        self.cross = cross

    def forward(self, memory: Memory) -> Tensor:
        """The states (B, S, D) as one vector (B, D); the same for all rows without a valid state."""
        query = self.query.expand(memory.states.shape[0], 1, -1)  # (B, 1, D)
        gathered: Tensor = self.cross(query, memory.states, memory.valid[:, None, None, :])  # (B, 1, D)
        return gathered[:, 0]


class QueryPool(nn.Module):
    """A learned query for each answer gathers the states (attention by label: Mullenbach et al., 2018, section 3.1)."""

    def __init__(self, width: int, answers: int, cross: MultiHeadAttention) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(answers, width))
        self.cross = cross

    def forward(self, memory: Memory) -> Tensor:
        """The states (B, S, D) as a vector for each answer (B, N, D)."""
        query = self.query.expand(memory.states.shape[0], -1, -1)  # (B, N, D)
        gathered: Tensor = self.cross(query, memory.states, memory.valid[:, None, None, :])  # (B, N, D)
        return gathered


class Hop(nn.Module):
    """One look of queries at a memory."""

    def __init__(self, width: int, cross: MultiHeadAttention) -> None:
        super().__init__()
        self.norm, self.cross = nn.LayerNorm(width), cross

    def forward(self, x: Tensor, memory: Memory) -> Tensor:
        """What queries (B, N, D) gather of the states (B, S, D); gives (B, N, D)."""
        gathered: Tensor = self.cross(self.norm(x), memory.states, memory.valid[:, None, None, :])
        return gathered


class HopPool(nn.Module):
    """Learned queries gather the states several times, each time by what they have gathered (Sukhbaatar et al., 2015).

    So a question that was read in the first hop says what is looked for in the second.
    """

    def __init__(self, width: int, crosses: Sequence[MultiHeadAttention], answers: int | None = None) -> None:
        """`crosses` attend, one after the other; one query for each of `answers`, or None for one for all."""
        super().__init__()
        self.query = nn.Parameter(torch.randn(answers or 1, width))
        self.hops = nn.ModuleList(Hop(width, cross) for cross in crosses)
        self.is_shared = answers is None

    def forward(self, memory: Memory) -> Tensor:
        """The states (B, S, D) as one vector (B, D), or one for each answer (B, N, D)."""
        x = self.query.expand(memory.states.shape[0], -1, -1)  # (B, N, D)
        for hop in self.hops:
            x = x + hop(x, memory)
        return x[:, 0] if self.is_shared else x


class AnswerLinear(nn.Module):
    """Numbers for each answer, a linear map of its own vector."""

    def __init__(self, width: int, answers: int, numbers: int = 1) -> None:
        super().__init__()
        bound = width**-0.5  # as nn.Linear begins
        self.weight = nn.Parameter(torch.empty(answers, numbers, width).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(answers, numbers).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """Vectors (B, N, D) to their numbers one after the other (B, N · numbers)."""
        return (torch.einsum("bnd,nkd->bnk", x, self.weight) + self.bias).flatten(1)


class MeanPool(nn.Module):
    """The mean of the valid states."""

    def forward(self, memory: Memory) -> Tensor:
        """The states (B, S, D) as one vector (B, D); zeros for rows without a valid state."""
        return mean_of_valid(memory.states, memory.valid)


class OrderedLogits(nn.Module):
    """A score with thresholds in order (McCullagh, 1980): rank k is exceeded where the score is above threshold k.

    All thresholds share one direction of the states, as in CORAL (Cao et al., 2020); positive gaps keep them in order
    at every step of training, so that no probability of a rank is negative.
    """

    def __init__(self, width: int, ranks: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, 1, bias=False)
        self.first = nn.Parameter(torch.tensor(-(ranks - 2) / 2))
        self.gaps = nn.Parameter(torch.full((ranks - 2,), 0.5413))  # softplus of it is 1

    @property
    def thresholds(self) -> Tensor:
        """The thresholds (ranks - 1,), increasing."""
        gaps = F.softplus(self.gaps) + MIN_GAP
        return self.first + torch.cat((gaps.new_zeros(1), gaps.cumsum(0)))

    def forward(self, x: Tensor) -> Tensor:
        """States (B, D) to the logit that each rank is exceeded (B, ranks - 1)."""
        return cast(Tensor, self.score(x)) - self.thresholds


class PooledHead(nn.Module):
    """Gather the memory, think, answer: memory (B, S, D) gives (B, N), whatever `output` makes of what is gathered.

    That is one vector (B, D), or one for each answer (B, N, D).
    """

    def __init__(
        self,
        pool: AttentionPool | QueryPool | HopPool | MeanPool,
        blocks: Sequence[FeedForward],
        output: nn.Module,
        width: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.pool, self.blocks, self.output = pool, nn.ModuleList(blocks), output
        self.residuals = nn.ModuleList(Residual(width, dropout, pre_norm=True) for _ in blocks)
        self.norm = nn.LayerNorm(width)

    def forward(self, memory: Memory) -> Tensor:
        """The answer (B, N) to each row of a memory."""
        x = self.pool(memory)  # (B, D) or (B, N, D)
        for residual, block in zip(self.residuals, self.blocks, strict=True):
            x = residual(x, block)
        return cast(Tensor, self.output(self.norm(x)))
