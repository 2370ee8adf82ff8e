"""The position-wise multilayer perceptron of a Transformer block."""

import torch.nn.functional as F
from torch import Tensor, nn

from jumok.choices import Activation
from jumok.dropout import Dropout


class FeedForward(nn.Module):
    """Widen, activate, narrow: x (..., D) gives (..., D).

    ReLU as in Vaswani et al., 2017; GELU: Hendrycks & Gimpel, 2016; SwiGLU (a gated unit, one matrix more):
    Shazeer, 2020.
    """

    def __init__(self, width: int, inner: int, activation: Activation = "relu", dropout: float = 0.0) -> None:
        super().__init__()
        self.activation = activation
        self.widen = nn.Linear(width, 2 * inner if activation == "swiglu" else inner)
        self.narrow = nn.Linear(inner, width)
        self.dropout = Dropout(dropout)
        for linear in (self.widen, self.narrow):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Transform each position of x (..., D) by itself; returns (..., D)."""
        return self.narrow(self.dropout(self.activate(self.widen(x))))

    def activate(self, x: Tensor) -> Tensor:
        """Apply the activation; SwiGLU halves the last axis (Shazeer, 2020)."""
        if self.activation == "relu":
            return F.relu(x)
        if self.activation == "gelu":
            return F.gelu(x)
        gate, value = x.chunk(2, dim=-1)
        return F.silu(gate) * value
