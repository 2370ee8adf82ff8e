"""The block that pictures are read with: convolution, normalization, activation."""

from math import gcd
from typing import Literal

from torch import Tensor, nn

Norm = Literal["batch", "group"]
MOST_GROUPS = 32  # Wu & He, 2018


class ConvolutionBlock(nn.Module):
    """Convolve, normalize, activate: x (B, C, Y, X) to (B, C', Y / stride, X / stride), rounded up.

    `norm` is over the batch (Ioffe & Szegedy, 2015), or over groups of channels of each picture alone (Wu & He,
    2018), which does not mind small batches.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        stride: int = 1,
        norm: Norm = "batch",
        activation: type[nn.Module] = nn.ReLU,
    ) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
        self.norm = normalization(norm, outputs)
        self.activation = activation()
        nn.init.kaiming_normal_(self.convolution.weight, nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.norm(self.convolution(x)))


def normalization(norm: Norm, channels: int) -> nn.Module:
    """The layer that normalizes maps (B, C, Y, X)."""
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    return nn.GroupNorm(gcd(channels, MOST_GROUPS), channels)
