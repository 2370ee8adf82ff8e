"""Data augmentation of series: random changes of normalized values."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class SeriesAugmentation:
    """The random changes of a series (T, C); all draws come from one generator (Um et al., 2017)."""

    jitter: float = 0.0  # deviation of the noise that is added to each sample
    scale: float = 0.0  # each channel is multiplied by a factor from 1 - scale to 1 + scale
    shift: float = 0.0  # at most this share of the steps is cut off at the begin
    mask: float = 0.0  # at most this share of the steps counts as not measured, in one stretch

    def __call__(self, values: Tensor, random: np.random.Generator) -> Tensor:
        """A varied copy (T', C) of values (T, C), NaN where nothing was measured."""
        steps, channels = values.shape
        first = int(random.integers(0, int(self.shift * steps) + 1))
        values = values[first:].clone()
        if self.scale:
            factors = random.uniform(1 - self.scale, 1 + self.scale, channels)
            values *= torch.from_numpy(factors).to(values)
        if self.jitter:
            noise = random.normal(0.0, self.jitter, tuple(values.shape))
            values += torch.from_numpy(noise).to(values)
        hidden = int(random.integers(0, int(self.mask * len(values)) + 1))
        begin = int(random.integers(0, len(values) - hidden + 1))
        values[begin : begin + hidden] = torch.nan
        return values
