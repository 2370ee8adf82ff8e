"""Residual convolutions over the time steps of series."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from jumok.attention.positions import SinusoidalPositions
from jumok.dropout import Dropout
from jumok.encoders.patches import patch_intervals
from jumok.encoders.transformer import mean_of_valid
from jumok.layers.convolution import bear_lone_values
from jumok.values import Memory, SeriesBatch, TimeStates

KERNELS = (7, 5, 3)  # steps, as in Wang et al., 2017, made odd


class StepNorm(nn.Module):
    """Batch norm (Ioffe & Szegedy, 2015) of x (B, C, L) over the steps that are real; the others become 0."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = bear_lone_values(nn.BatchNorm1d(channels))

    def forward(self, x: Tensor, valid: Tensor) -> Tensor:
        """Normalize x (B, C, L), whose steps valid (B, L) are real."""
        steps = x.transpose(1, 2)  # (B, L, C)
        if not self.training:  # the statistics are fixed: each step by itself
            return (self.norm(steps.flatten(0, 1)).view(steps.shape) * valid[:, :, None]).transpose(1, 2)
        real = self.norm(steps[valid])  # (n, C)
        return steps.new_zeros(steps.shape).to(real).masked_scatter(valid[:, :, None], real).transpose(1, 2)


class ResidualBlock(nn.Module):
    """Three convolutions beside a shortcut: x (B, C, L) to (B, C', L / stride), rounded up."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        widths, strides = [inputs, outputs, outputs], [stride, 1, 1]
        self.stride = stride
        self.convolutions = nn.ModuleList(
            nn.Conv1d(before, outputs, kernel, step, kernel // 2, bias=False)
            for before, kernel, step in zip(widths, KERNELS, strides, strict=True)
        )
        self.norms = nn.ModuleList(StepNorm(outputs) for _ in KERNELS)
        self.shortcut = nn.Conv1d(inputs, outputs, 1, stride, bias=False)
        self.shortcut_norm = StepNorm(outputs)
        for convolution in (*self.convolutions, self.shortcut):
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")

    def forward(self, x: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Map x (B, C, L), 0 where no step of valid (B, L) is real; gives the same of the strided steps."""
        after = valid[:, :: self.stride]
        y = x
        for number, (convolve, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            y = norm(convolve(y if number == 0 else F.relu(y)), after)
        return F.relu(y + self.shortcut_norm(self.shortcut(x), after)), after


class ConvolutionEncoder(nn.Module):
    """The residual network of Wang et al. (2017) over series; its blocks but the first halve the steps, or more.

    A state is of `stride` ** (blocks - 1) steps, has seen others around them, and is marked by its position, which
    convolutions do not know.
    """

    max_length = math.inf

    def __init__(
        self, inputs: int, channels: Sequence[int], stride: int, width: int, dropout: float = 0.0
    ) -> None:
        super().__init__()
        widths, strides = [2 * inputs, *channels], [1, *[stride] * (len(channels) - 1)]
        self.stride = math.prod(strides)
        self.blocks = nn.ModuleList(
            ResidualBlock(before, after, step)
            for before, after, step in zip(widths, channels, strides, strict=False)
        )
        self.project = nn.Linear(channels[-1], width)
        self.positions = SinusoidalPositions(width)
        self.dropout = Dropout(dropout)

    def forward(self, series: SeriesBatch) -> Memory:
        """Series of L steps to states (B, N, D)."""
        valid = series.valid
        observed = series.observed & valid[:, :, None]
        x = torch.cat((series.values * observed, observed.to(series.values)), dim=2).transpose(1, 2)
        for block in self.blocks:
            x, valid = block(x, valid)  # (B, C, N), (B, N)
        states = self.dropout(self.positions(self.project(x.transpose(1, 2)))) * valid[:, :, None]
        intervals = patch_intervals(states.shape[1], self.stride, self.stride, x.device)
        return Memory(states, valid, mean_of_valid(states, valid), time=TimeStates(intervals))
