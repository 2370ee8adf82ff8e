"""The Transformer encoder: every position attends to every other."""

from collections.abc import Sequence

from torch import Tensor, nn

from jumok.attention.positions import PositionLayer
from jumok.dropout import Dropout
from jumok.layers.transformer import TransformerEncoderLayer
from jumok.values import Memory, Padded


class TransformerEncoder(nn.Module):
    """Embedding, positions, then a stack of self-attention blocks (Vaswani et al., 2017)."""

    def __init__(
        self,
        embedding: nn.Module,
        positions: PositionLayer,
        layers: Sequence[TransformerEncoderLayer],
        width: int,
        dropout: float = 0.0,
        final_norm: bool = True,
    ) -> None:
        super().__init__()
        self.embedding, self.positions = embedding, positions
        self.max_length = positions.limit
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(width) if final_norm else nn.Identity()  # pre-norm needs it at the end
        self.dropout = Dropout(dropout)

    def forward(self, source: Padded) -> Memory:
        """Source of tokens (B, S) to a memory of states (B, S, D); its summary is their mean."""
        x = self.dropout(self.positions(self.embedding(source.values)))  # (B, S, D)
        allowed = source.valid[:, None, None, :]  # (B, 1, 1, S)
        for layer in self.layers:
            x = layer(x, allowed)
        states = self.norm(x)
        return Memory(states, source.valid, mean_of_valid(states, source.valid))


def mean_of_valid(states: Tensor, valid: Tensor) -> Tensor:
    """The mean (B, D) of the states (B, S, D) that are valid (B, S); zeros where none is."""
    real = valid[:, :, None].to(states.dtype)
    return (states * real).sum(1) / real.sum(1).clamp(min=1)
