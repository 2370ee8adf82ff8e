"""The blocks of the Transformer: attention, feed-forward, each with residual, normalization and dropout."""

from collections.abc import Callable

from torch import Tensor, nn

from jumok.attention.multihead import KeyValue, KVCache, MultiHeadAttention, in_compute_dtype
from jumok.dropout import Dropout
from jumok.layers.feedforward import FeedForward


class Residual(nn.Module):
    """x + sublayer(norm(x)) (pre-norm: Xiong et al., 2020) or norm(x + sublayer(x)) (post-norm)."""

    def __init__(self, width: int, dropout: float, pre_norm: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.dropout = Dropout(dropout)
        self.pre_norm = pre_norm

    def forward(self, x: Tensor, sublayer: Callable[[Tensor], Tensor]) -> Tensor:
        """Add dropout(sublayer) to x (B, T, D), normalizing before or after."""
        if self.pre_norm:
            return x + self.dropout(sublayer(self.norm(x)))
        return self.norm(x + self.dropout(sublayer(x)))


class TransformerEncoderLayer(nn.Module):
    """Self-attention, then feed-forward."""

    def __init__(
        self,
        width: int,
        attention: MultiHeadAttention,
        feedforward: FeedForward,
        dropout: float = 0.0,
        pre_norm: bool = True,
    ) -> None:
        super().__init__()
        self.attention, self.feedforward = attention, feedforward
        self.attention_residual = Residual(width, dropout, pre_norm)
        self.feedforward_residual = Residual(width, dropout, pre_norm)

    def forward(self, x: Tensor, allowed: Tensor | None) -> Tensor:
        """x (B, S, D) to (B, S, D); `allowed` broadcasts to (B, H, S, S)."""
        x = self.attention_residual(x, lambda y: self.attention(y, y, allowed))
        return self.feedforward_residual(x, self.feedforward)


class TransformerDecoderLayer(nn.Module):
    """Masked self-attention, attention to the memory (`cross`), then feed-forward."""

    def __init__(
        self,
        width: int,
        attention: MultiHeadAttention,
        cross: MultiHeadAttention,
        feedforward: FeedForward,
        dropout: float = 0.0,
        pre_norm: bool = True,
    ) -> None:
        super().__init__()
        self.attention, self.cross, self.feedforward = attention, cross, feedforward
        self.attention_residual = Residual(width, dropout, pre_norm)
        self.cross_residual = Residual(width, dropout, pre_norm)
        self.feedforward_residual = Residual(width, dropout, pre_norm)

    def forward(self, x: Tensor, memory: Tensor, allowed: Tensor | None) -> Tensor:
        """Update all positions at once.

        Args:
            x: States of the target (B, T, D); each position attends to itself and its past.
            memory: States of the memory (B, S, D).
            allowed: Which states of the memory may be attended to, broadcasts to (B, H, T, S).

        Returns:
            The new states (B, T, D).
        """
        x = self.attention_residual(x, lambda y: self.attention(y, y, causal=True))
        x = self.cross_residual(x, lambda y: self.cross(y, memory, allowed))
        return self.feedforward_residual(x, self.feedforward)

    def step(
        self, x: Tensor, past: KVCache, memory: KeyValue, allowed: Tensor | None
    ) -> tuple[Tensor, KVCache]:
        """Compute one new position of every hypothesis.

        The N = R / B hypotheses of one source share its memory: for the cross-attention they are placed side by
        side, as if they were N positions of one row.

        Args:
            x: States of the new position (R, 1, D).
            past: Keys and values of the earlier positions; empty at the first.
            memory: Keys and values of the memory (B, H, S, K).
            allowed: Which states of the memory may be attended to, broadcasts to (B, H, T, S).

        Returns:
            The new states (R, 1, D), and the cache that contains the new position.
        """
        sources = memory.keys.shape[0]

        def look_back(y: Tensor) -> Tensor:
            nonlocal past
            y = in_compute_dtype(y)
            offset = past.length
            past = past.append(self.attention.project_kv(y, offset))
            return self.attention.attend(y, past.seen, offset=offset)

        def look_at_memory(y: Tensor) -> Tensor:
            side_by_side = y.view(sources, -1, y.shape[-1])  # (B, N, D)
            return self.cross.attend(side_by_side, memory, allowed).view_as(y)

        x = self.attention_residual(x, look_back)
        x = self.cross_residual(x, look_at_memory)
        x = self.feedforward_residual(x, self.feedforward)
        return x, past
