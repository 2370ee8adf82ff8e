"""The recurrent encoder: one state is carried from token to token."""

import math

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from jumok.dropout import Dropout
from jumok.layers.recurrent import Cell, scanned, stack
from jumok.values import Memory, Padded


class RecurrentEncoder(nn.Module):
    """RNN (Elman, 1990), LSTM (Hochreiter & Schmidhuber, 1997) or GRU (Cho et al., 2014) over the source.

    If bidirectional, each direction has half of the width, so the states are (B, S, D) either way. The summary is the
    last state of each direction: the one vector that a decoder without attention sees.
    """

    max_length = math.inf

    def __init__(
        self,
        embedding: nn.Module,
        cell: Cell,
        width: int,
        layers: int = 2,
        bidirectional: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if bidirectional and width % 2:
            wanted = "a bidirectional encoder needs an even width"
            raise ValueError(f"{wanted}; got width={width}; try width={width + 1}")
        self.embedding = embedding
        self.dropout = Dropout(dropout)
        self.directions = 2 if bidirectional else 1
        self.recurrence = stack(cell, width, width // self.directions, layers, dropout, bidirectional)

    def forward(self, source: Padded) -> Memory:
        """Source of tokens (B, S) to a memory of states (B, S, D)."""
        x = self.dropout(self.embedding(source.values))  # (B, S, D)
        lengths = source.valid.sum(1)
        states = self.run_rnn(x, source.valid, lengths) * source.valid[:, :, None]  # (B, S, D)
        return Memory(states, source.valid, self.summarize(states, lengths))

    def run_rnn(self, x: Tensor, valid: Tensor, lengths: Tensor) -> Tensor:
        """Run the stack over the real positions of x (B, S, D); gives (B, S, D), anything where none is.

        Args:
            x: The inputs (B, S, D).
            valid: Which positions are real (B, S).
            lengths: How many are real (B,).

        Returns:
            The states (B, S, D).
        """
        if (
            torch.compiler.is_exporting()
        ):  # packing asks for numbers, and a graph is for batches of all lengths
            return scanned(self.recurrence, x, valid)
        packed = pack_padded_sequence(x, lengths.clamp(min=1).cpu(), batch_first=True, enforce_sorted=False)
        states, _ = self.recurrence(packed)
        return pad_packed_sequence(states, batch_first=True, total_length=x.shape[1])[0]

    def summarize(self, states: Tensor, lengths: Tensor) -> Tensor:
        """The state (B, D) after the whole source: the last one forwards, the first one backwards."""
        last = states[torch.arange(states.shape[0], device=states.device), (lengths - 1).clamp(min=0)]
        if self.directions == 1:
            return last
        half = states.shape[-1] // 2
        return torch.cat((last[:, :half], states[:, 0, half:]), dim=-1)
