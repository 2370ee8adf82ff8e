"""A recurrent network over the time steps of series, or over short stretches of them."""

from torch import nn

from jumok.encoders.patches import PatchEmbedding, patch_intervals, patches_within
from jumok.encoders.recurrent import RecurrentEncoder
from jumok.layers.recurrent import Cell
from jumok.values import Memory, Padded, SeriesBatch, TimeStates


class StepEncoder(nn.Module):
    """RNN, LSTM or GRU over series; each state reads the values of its steps and which of them were measured."""

    def __init__(
        self,
        embedding: PatchEmbedding,
        cell: Cell,
        width: int,
        layers: int = 2,
        bidirectional: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.recurrent = RecurrentEncoder(nn.Identity(), cell, width, layers, bidirectional, dropout)
        self.max_length = self.recurrent.max_length

    def forward(self, series: SeriesBatch) -> Memory:
        """Series of L steps to one state (B, N, D) for each stretch of steps."""
        patch, stride = self.embedding.patch, self.embedding.stride
        x = self.embedding(series.values, series.observed & series.valid[:, :, None])  # (B, N, D)
        valid = patches_within(series.valid, x.shape[1], patch, stride)
        memory = self.recurrent(Padded(x, valid))
        return memory._replace(time=TimeStates(patch_intervals(x.shape[1], patch, stride, x.device)))
