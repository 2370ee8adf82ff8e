"""Multi-head attention with a key/value cache."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from jumok.attention.core import attend
from jumok.attention.positions import Rotary


class KeyValue(NamedTuple):
    """Keys and values, split into heads."""

    keys: Tensor  # (B, H, S, K)
    values: Tensor  # (B, H, S, K)

    def select(self, rows: Tensor) -> "KeyValue":
        """The keys and values of some rows (N,) of the batch."""
        return KeyValue(self.keys.index_select(0, rows), self.values.index_select(0, rows))

    def empty(self) -> "KeyValue":
        """The same rows without a position."""
        return KeyValue(*(part.new_empty(*part.shape[:2], 0, part.shape[3]) for part in self))

    def contiguous(self) -> "KeyValue":
        """The same, contiguous in memory."""
        return KeyValue(self.keys.contiguous(), self.values.contiguous())


class KVCache(NamedTuple):
    """Keys and values of the positions read so far; which rows are kept is only noted until the next one is read."""

    seen: KeyValue
    rows: Tensor | None = None  # (R,), of `seen`; None: all, as they stand

    def select(self, rows: Tensor) -> "KVCache":
        """The cache of some rows (N,) of the batch; nothing is copied until it is read."""
        return self._replace(rows=rows if self.rows is None else self.rows.index_select(0, rows))

    @property
    def length(self) -> int:
        """How many positions were read."""
        return self.seen.keys.shape[2]

    def append(self, new: KeyValue) -> "KVCache":
        """With more positions, of the rows that are kept."""
        keys, values = (append_rows(past, self.rows, more) for past, more in zip(self.seen, new, strict=True))
        return KVCache(KeyValue(keys, values))


def append_rows(past: Tensor, rows: Tensor | None, new: Tensor) -> Tensor:
    """Past keys or values with those of a new step; copied once if no gradient is needed.

    Args:
        past: (B, H, T, K).
        rows: The rows (R,) of `past` to continue; None stands for all.
        new: (R, H, N, K), of N further positions.

    Returns:
        The selected rows with the new ones after them.
    """
    if rows is None:
        return torch.cat((past, new), 2)
    if past.requires_grad or new.requires_grad:
        return torch.cat((past.index_select(0, rows), new), 2)
    (R, H, N, K), T = new.shape, past.shape[2]
    whole = past.new_empty(R, H, T + N, K)
    torch.index_select(past, 0, rows, out=whole[:, :, :T])
    whole[:, :, T:] = new
    return whole


class MultiHeadAttention(nn.Module):
    """Several attentions side by side, each in its slice of the width (Vaswani et al., 2017, 3.2.2)."""

    def __init__(
        self, width: int, heads: int, dropout: float = 0.0, rotary: Rotary | None = None, bias: bool = True
    ) -> None:
        super().__init__()
        if width % heads:
            near = max(1, round(width / heads)) * heads
            wanted = f"width must be a multiple of heads; got width={width}, heads={heads}"
            raise ValueError(f"{wanted}; try width={near}")
        self.heads = heads
        self.dropout = dropout
        self.rotary = rotary
        self.query = nn.Linear(width, width, bias)
        self.key = nn.Linear(width, width, bias)
        self.value = nn.Linear(width, width, bias)
        self.out = nn.Linear(width, width, bias)
        for linear in (self.query, self.key, self.value, self.out):
            nn.init.xavier_uniform_(linear.weight)
            if bias:
                nn.init.zeros_(linear.bias)

    def forward(
        self, x: Tensor, memory: Tensor, allowed: Tensor | None = None, causal: bool = False
    ) -> Tensor:
        """Let each position of x attend to the memory.

        Args:
            x: Positions (B, T, D).
            memory: States (B, S, D).
            allowed: Boolean, broadcasts to (B, H, T, S); True where a position may attend.
            causal: Whether positions do not attend to later ones.

        Returns:
            (B, T, D).
        """
        x, memory = (shared := in_compute_dtype(x)), shared if memory is x else in_compute_dtype(memory)
        return self.attend(x, self.project_kv(memory), allowed, causal)

    def project_kv(self, memory: Tensor, offset: int = 0) -> KeyValue:
        """Keys and values of memory (B, S, D), whose first position is number `offset`; can be kept."""
        k = self.split(self.key(memory))  # (B, H, S, K)
        v = self.split(self.value(memory))  # (B, H, S, K)
        return KeyValue(self.rotary(k, offset) if self.rotary else k, v)

    def attend(
        self, x: Tensor, seen: KeyValue, allowed: Tensor | None = None, causal: bool = False, offset: int = 0
    ) -> Tensor:
        """Let each position of x attend to projected keys and values.

        Args:
            x: Positions (B, T, D).
            seen: Keys and values.
            allowed: Boolean, broadcasts to (B, H, T, S); True where a position may attend.
            causal: Whether positions do not attend to later ones.
            offset: The number of the first position of x.

        Returns:
            (B, T, D).
        """
        q = self.split(self.query(x))  # (B, H, T, K)
        q = self.rotary(q, offset) if self.rotary else q
        dropout = self.dropout if self.training else 0.0
        mixed = attend(q, seen.keys, seen.values, allowed, causal, dropout=dropout)
        return self.out(mixed.transpose(1, 2).flatten(2))

    def split(self, x: Tensor) -> Tensor:
        """(B, L, D) to (B, H, L, K)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def in_compute_dtype(x: Tensor) -> Tensor:
    """Under autocast, x in the dtype that products are made in, so that several products share one copy."""
    kind = x.device.type
    return x.to(torch.get_autocast_dtype(kind)) if torch.is_autocast_enabled(kind) else x
