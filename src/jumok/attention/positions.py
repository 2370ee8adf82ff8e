"""Encodings of positions: attention by itself does not know the order of its keys."""

import math
from typing import Protocol

import torch
from torch import Tensor, nn

KNOWN = 256  # positions whose waves are computed once and for all


def sinusoids(length: int, width: int, start: int = 0, device: torch.device | None = None) -> Tensor:
    """Sines and cosines of growing wavelengths (Vaswani et al., 2017, section 3.5).

    Args:
        length: The number of positions.
        width: The width D.
        start: The number of the first position.
        device: The device.

    Returns:
        (length, width).
    """
    position = torch.arange(start, start + length, dtype=torch.float64, device=device)[:, None]
    rate = 10000.0 ** (-torch.arange(0, width, 2, dtype=torch.float64, device=device) / width)
    angle = position * rate  # (length, width / 2)
    return torch.stack((angle.sin(), angle.cos()), -1).flatten(-2)[:, :width].float()


def plane_sinusoids(places: Tensor, width: int) -> Tensor:
    """Sines and cosines (..., width) of places (..., 2), x and y in any unit: one half of the width for each.

    A half is what `sinusoids` gives for a position; the shortest wave is 2π units long, the longest some 60,000.
    """
    if width % 4:
        near = max(1, round(width / 4)) * 4
        raise ValueError(f"positions in a plane need a width that divides by 4; got {width}, try {near}")
    half = width // 2
    rate = 10000.0 ** (-torch.arange(0, half, 2, device=places.device, dtype=places.dtype) / half)
    angle = places[..., None] * rate  # (..., 2, width / 4)
    return torch.stack((angle.sin(), angle.cos()), -1).flatten(-3)


class PositionLayer(Protocol):
    """A layer that marks the positions of x (B, L, D)."""

    @property
    def limit(self) -> float:
        """The most positions that it can mark; math.inf for any number."""
        ...

    def __call__(self, x: Tensor, offset: int = 0) -> Tensor: ...


class SinusoidalPositions(nn.Module):
    """Add a fixed wave pattern to x (B, L, D); works for any length."""

    limit = math.inf

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.register_buffer("table", sinusoids(KNOWN, width), persistent=False)
        self.table: Tensor

    def forward(self, x: Tensor, offset: int = 0) -> Tensor:
        """Mark x (B, L, D), whose first position is number `offset`."""
        length = x.shape[1]
        if torch.compiler.is_exporting() or offset + length > KNOWN:  # an exported graph serves every length
            return x + sinusoids(length, self.width, offset, x.device).to(self.table)
        return x + self.table[offset : offset + length]


class LearnedPositions(nn.Module):
    """Add a learned vector for each position to x (B, L, D); knows `limit` positions."""

    def __init__(self, width: int, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self.table = nn.Parameter(torch.randn(limit, width) * 0.02)

    def forward(self, x: Tensor, offset: int = 0) -> Tensor:
        """Mark x (B, L, D), whose first position is number `offset`; ValueError beyond `limit`."""
        end = offset + x.shape[1]
        if end > self.limit:
            advice = "use sinusoidal or rotary, or shorten"
            raise ValueError(f"learned positions end at {self.limit}, got {end}; {advice}")
        return x + self.table[offset:end]


class NoPositions(nn.Module):
    """Leave x as it is: rotary positions act inside the attention."""

    limit = math.inf

    def forward(self, x: Tensor, offset: int = 0) -> Tensor:
        """x, unchanged."""
        return x


class Rotary(nn.Module):
    """Turn pairs of channels by an angle that grows with the position (RoFormer, Su et al., 2021).

    The score of a query and a key then depends on their distance only. Halves are paired (i, i + K/2), as in
    GPT-NeoX.
    """

    def __init__(self, head_width: int, base: float = 10000.0) -> None:
        super().__init__()
        if head_width % 2:
            raise ValueError(f"rotary positions need an even width of a head; got {head_width}")
        self.head_width, self.base = head_width, base

    def forward(self, x: Tensor, offset: int = 0) -> Tensor:
        """Turn x (B, H, L, K), whose first position is number `offset`."""
        wide = torch.promote_types(x.dtype, torch.float32)
        position = torch.arange(offset, offset + x.shape[-2], device=x.device, dtype=wide)
        rate = self.base ** (
            -torch.arange(0, self.head_width, 2, device=x.device, dtype=wide) / self.head_width
        )
        angle = position[:, None] * rate  # (L, K / 2)
        cosine, sine = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
        a, b = x.chunk(2, dim=-1)
        return torch.cat((a * cosine - b * sine, b * cosine + a * sine), dim=-1)
