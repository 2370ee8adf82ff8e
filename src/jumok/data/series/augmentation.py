"""Data augmentation of series: random changes of normalized values."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

AXES = 3  # of a sensor that turns


@dataclass(frozen=True)
class SeriesAugmentation:
    """The random changes of a series (T, C); all draws come from one generator (Um et al., 2017)."""

    jitter: float = 0.0  # deviation of the noise that is added to each sample
    scale: float = 0.0  # each channel is multiplied by a factor from 1 - scale to 1 + scale
    shift: float = 0.0  # at most this share of the steps is cut off at the begin
    mask: float = 0.0  # at most this share of the steps counts as not measured, in one stretch
    speed: float = 0.0  # it runs faster by a factor from 1 - speed to 1 + speed, and becomes no longer
    rotate: float = 0.0  # degrees at most by which the three axes of all sensors turn together
    units: tuple[tuple[float, float], ...] = ()  # what each channel is normalized by: mean and deviation

    def __call__(self, values: Tensor, random: np.random.Generator) -> Tensor:
        """A varied copy (T', C) of values (T, C), NaN where nothing was measured."""
        if self.rotate:
            values = turn_sensors(values, self.units, drawn_rotation(self.rotate, random))
        if self.speed:
            values = self.played(values, random)
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

    def played(self, values: Tensor, random: np.random.Generator) -> Tensor:
        """Values (T, C) at another speed: a part of them, slower, or all of them, faster; at most T steps."""
        steps, factor = len(values), float(random.uniform(1 - self.speed, 1 + self.speed))
        kept = min(steps, max(1, round(steps * factor)))
        first = int(random.integers(0, steps - kept + 1))
        return resampled(values[first : first + kept], min(steps, max(1, round(kept / factor))))


def resampled(values: Tensor, steps: int) -> Tensor:
    """Values (T, C) at so many evenly spread places, from the first to the last, between neighbours by a line."""
    places = torch.linspace(0, len(values) - 1, steps, dtype=torch.float64)
    before = places.floor().long().clamp(max=max(0, len(values) - 2))
    after = (before + 1).clamp(max=len(values) - 1)
    share = (places - before).to(values)[:, None]  # (steps, 1)
    between = values[before] * (1 - share) + values[after] * share
    return torch.where(share == 0, values[before], torch.where(share == 1, values[after], between))


def drawn_rotation(degrees: float, random: np.random.Generator) -> Tensor:
    """A matrix (3, 3) that turns by at most so many degrees about a random axis (Rodrigues' formula)."""
    x, y, z = (axis := random.normal(size=AXES)) / np.linalg.norm(axis)
    angle = math.radians(degrees) * random.uniform(-1, 1)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return torch.from_numpy(np.eye(AXES) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross)


def turn_sensors(values: Tensor, units: tuple[tuple[float, float], ...], turn: Tensor) -> Tensor:
    """Turn each three channels, the axes of a sensor, of a series.

    Args:
        values: Normalized values (T, C), C a multiple of 3.
        units: Mean and deviation of each channel, for sensors turn as they measured.
        turn: A rotation (3, 3).

    Returns:
        Normalized values (T, C); NaN on all axes of a sensor where one is.
    """
    mean, deviation = torch.tensor(units, dtype=torch.float64).unbind(1)
    sensors = (values * deviation + mean).unflatten(1, (-1, AXES))  # (T, C / 3, 3)
    return (((sensors @ turn.T).flatten(1) - mean) / deviation).to(values)
