"""Series as they are: states without any weights, for heads that are linear maps of the past."""

import math

import torch.nn.functional as F
from torch import nn

from jumok.encoders.patches import (
    count_patches,
    normalize_series,
    patch_intervals,
    patches_within,
    window_scale,
)
from jumok.encoders.transformer import mean_of_valid
from jumok.values import Memory, SeriesBatch, TimeStates


class PlainEncoder(nn.Module):
    """The values of each channel, cut into stretches of `patch` steps, each of which is a state; nothing is learned.

    States are of the first channel, then of the second, and so on; beyond the values they are 0. With
    `normalize_window` each channel of a row has mean 0 and deviation 1 (Kim et al., 2022). What was not measured is 0;
    a stretch without any measured sample is not valid.
    """

    max_length = math.inf

    def __init__(self, patch: int, width: int, normalize_window: bool = False) -> None:
        super().__init__()
        self.patch, self.width, self.normalize_window = patch, width, normalize_window

    def forward(self, series: SeriesBatch) -> Memory:
        """Series of L steps and C channels to states (B, C · N, D), the values of a stretch in each."""
        observed = series.observed & series.valid[:, :, None]
        center, scale, values, channels = None, None, series.values * observed, observed.shape[2]
        if self.normalize_window:
            center, scale = window_scale(values, observed)
            values = normalize_series(values, center, scale) * observed
        count = count_patches(values.shape[1], self.patch, self.patch)
        beyond = (0, count * self.patch - values.shape[1])
        states, seen = (
            F.pad(one.transpose(1, 2), beyond).unflatten(2, (count, self.patch)) for one in (values, observed)
        )  # (B, C, N, patch)
        states = F.pad(states, (0, self.width - self.patch))  # (B, C, N, D)
        within = patches_within(series.valid, count, self.patch, self.patch)  # (B, N)
        states, valid = states.flatten(1, 2), (seen.any(3) & within[:, None]).flatten(1)
        intervals = patch_intervals(count, self.patch, self.patch, values.device).repeat(channels, 1)
        time = TimeStates(intervals, channels, center, scale, values if self.normalize_window else None)
        return Memory(states, valid, mean_of_valid(states, valid), time=time)
