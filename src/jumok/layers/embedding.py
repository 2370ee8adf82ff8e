"""Token numbers to vectors."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class TokenEmbedding(nn.Module):
    """A learned vector for each token of a vocabulary; encoder, decoder and output may share one table."""

    def __init__(self, vocabulary: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.table = nn.Parameter(torch.randn(vocabulary, width) * width**-0.5)

    def forward(self, tokens: Tensor) -> Tensor:
        """Vectors (B, L, D) of tokens (B, L), scaled to unit variance (Vaswani et al., 2017, section 3.4)."""
        return F.embedding(tokens, self.table) * self.width**0.5


class NumberEmbedding(nn.Module):
    """A vector for a few numbers, such as the values of a stretch of a series, by a linear map."""

    def __init__(self, numbers: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.linear = nn.Linear(numbers, width)

    def forward(self, values: Tensor) -> Tensor:
        """Vectors (..., D) of numbers (..., N)."""
        return self.linear(values)


class TokenOutput(nn.Module):
    """Logits of the next token; its matrix may be the table of an embedding (Press & Wolf, 2017)."""

    def __init__(self, vocabulary: int, width: int, tied: TokenEmbedding | None = None) -> None:
        super().__init__()
        self.weight = tied.table if tied else nn.Parameter(torch.randn(vocabulary, width) * width**-0.5)
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        if self.weight.shape != (vocabulary, width):
            shape = tuple(self.weight.shape)
            raise ValueError(f"a tied output needs an embedding of shape {(vocabulary, width)}; got {shape}")

    def forward(self, hidden: Tensor) -> Tensor:
        """hidden (..., D) to logits (..., V)."""
        return F.linear(hidden, self.weight, self.bias)
