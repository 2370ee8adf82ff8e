"""Patches of series: stretches of time steps as vectors, and a Transformer over them."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from jumok.attention.positions import PositionLayer
from jumok.dropout import Dropout
from jumok.encoders.transformer import mean_of_valid
from jumok.layers.transformer import TransformerEncoderLayer
from jumok.values import Memory, SeriesBatch, TimeStates

SMALLEST_VARIANCE = 1e-5  # added to that of a window, as in Kim et al., 2022


def count_patches(steps: int, patch: int, stride: int) -> int:
    """How many patches cover so many time steps; the last one may reach beyond them.

    Args:
        steps: Time steps.
        patch: Time steps of a patch.
        stride: Time steps from one patch to the next.

    Returns:
        The number, at least 1.
    """
    return 1 + max(0, math.ceil((steps - patch) / stride))


def patch_intervals(count: int, patch: int, stride: int, device: torch.device) -> Tensor:
    """The first time step (count, 2) of each patch, and the one after its last.

    Args:
        count: The number of patches.
        patch: Time steps of a patch.
        stride: Time steps from one patch to the next.
        device: Where the result is.

    Returns:
        The intervals (count, 2).
    """
    first = torch.arange(count, device=device) * stride
    return torch.stack((first, first + patch), dim=1)


def patches_within(valid: Tensor, count: int, patch: int, stride: int) -> Tensor:
    """Which of `count` patches each row of steps `valid` (B, L) has: (B, count), as many as cover its steps.

    Args:
        valid: Which steps are real (B, L).
        count: The number of patches.
        patch: Time steps of a patch.
        stride: Time steps from one patch to the next.

    Returns:
        Which patches are real (B, count).
    """
    steps = valid.sum(1)
    own = 1 + ((steps - patch + stride - 1) // stride).clamp(min=0)  # (B,)
    return (torch.arange(count, device=valid.device) < own[:, None]) & (steps > 0)[:, None]


class PatchEmbedding(nn.Module):
    """Cut series into patches, and map each to a vector.

    A patch is its values and which of them were measured; what was not measured counts as 0, the mean of the channel.
    """

    def __init__(self, channels: int, patch: int, stride: int, width: int) -> None:
        super().__init__()
        if not 1 <= stride <= patch:
            raise ValueError(
                f"stride must be from 1 to patch={patch}, so that no step is left out; got {stride}"
            )
        self.patch, self.stride = patch, stride
        self.linear = nn.Linear(2 * channels * patch, width)

    def forward(self, values: Tensor, observed: Tensor) -> Tensor:
        """values and observed (B, L, C) to vectors (B, N, D) of the patches."""
        count = count_patches(values.shape[1], self.patch, self.stride)
        beyond = (count - 1) * self.stride + self.patch - values.shape[1]
        both = torch.cat((values * observed, observed.to(values)), dim=2)  # (B, L, 2C)
        cut = F.pad(both, (0, 0, 0, beyond)).unfold(1, self.patch, self.stride)  # (B, N, 2C, P)
        return self.linear(cut.flatten(2))

    def any_in(self, observed: Tensor) -> Tensor:
        """In which patches (B, N) any sample of observed (B, L, C) was measured."""
        count = count_patches(observed.shape[1], self.patch, self.stride)
        beyond = (count - 1) * self.stride + self.patch - observed.shape[1]
        cut = F.pad(observed.any(2), (0, beyond)).unfold(1, self.patch, self.stride)  # (B, N, P)
        return cut.any(2)


class PatchEncoder(nn.Module):
    """A Transformer over patches of series (PatchTST, Nie et al., 2023).

    `independent` reads each channel by itself, with the same weights, and gives states of the first channel, then of
    the second, and so on, each marked by a learned vector of its channel; otherwise a patch has all channels. With
    `normalize_window` each channel of a row has mean 0 and deviation 1 (Kim et al., 2022). A patch without any
    measured sample is not valid, so that nothing looks at it.
    """

    def __init__(
        self,
        embedding: PatchEmbedding,
        positions: PositionLayer,
        layers: Sequence[TransformerEncoderLayer],
        width: int,
        channels: int,
        independent: bool = False,
        normalize_window: bool = False,
        dropout: float = 0.0,
        final_norm: bool = True,
    ) -> None:
        super().__init__()
        self.embedding, self.positions = embedding, positions
        self.max_length = positions.limit * (channels if independent else 1)  # states
        self.channel_marks = nn.Parameter(torch.zeros(channels, width)) if independent else None
        self.normalize_window = normalize_window
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(width) if final_norm else nn.Identity()
        self.dropout = Dropout(dropout)

    def forward(self, series: SeriesBatch) -> Memory:
        """Series of L steps and C channels to states (B, N, D), or (B, C · N, D) of each channel by itself."""
        observed = series.observed & series.valid[:, :, None]
        center, scale, past = None, None, None
        values = series.values
        if self.normalize_window:
            center, scale = window_scale(values, observed)
            values = past = normalize_series(values, center, scale) * observed
        if self.channel_marks is not None:
            values, observed = (one.transpose(1, 2).flatten(0, 1)[:, :, None] for one in (values, observed))
        x = self.dropout(self.positions(self.embedding(values, observed)))  # (B or B · C, N, D)
        count, patch, stride = x.shape[1], self.embedding.patch, self.embedding.stride
        within = patches_within(series.valid, count, patch, stride)  # (B, N)
        valid = self.embedding.any_in(observed).unflatten(0, (within.shape[0], -1)) & within[:, None]
        valid = valid.flatten(0, 1)  # (B or B · C, N)
        for layer in self.layers:
            x = layer(x, valid[:, None, None, :])
        states = self.norm(x)
        intervals = patch_intervals(count, patch, stride, x.device)
        channels = 1
        if self.channel_marks is not None:
            channels = len(self.channel_marks)
            states = states.unflatten(0, (-1, channels)) + self.channel_marks[:, None]  # (B, C, N, D)
            states, valid = states.flatten(1, 2), valid.unflatten(0, (-1, channels)).flatten(1)
            intervals = intervals.repeat(channels, 1)
        time = TimeStates(intervals, channels, center, scale, past)
        return Memory(states, valid, mean_of_valid(states, valid), time=time)


def window_scale(values: Tensor, observed: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation (B, C) of what was measured of values (B, L, C); 0 and 1 where nothing was."""
    real = observed.to(values)
    count = real.sum(1).clamp(min=1)
    center = (values * real).sum(1) / count
    variance = (((values - center[:, None]) * real) ** 2).sum(1) / count
    measured = observed.any(1)
    return center, torch.where(measured, (variance + SMALLEST_VARIANCE).sqrt(), 1.0)


def normalize_series(values: Tensor, center: Tensor, scale: Tensor) -> Tensor:
    """values (B, L, C) less center (B, C), divided by scale (B, C).

    Args:
        values: The series (B, L, C).
        center: What is subtracted (B, C).
        scale: What they are divided by (B, C).

    Returns:
        The normalized series (B, L, C).
    """
    return (values - center[:, None]) / scale[:, None]
