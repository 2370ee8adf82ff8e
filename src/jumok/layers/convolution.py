"""One block of an image network: convolution, normalization, activation."""

from collections.abc import Callable
from functools import partial
from math import gcd
from typing import Any, Literal

from torch import Tensor, nn

Norm = Literal["batch", "group"]
MOST_GROUPS = 32  # Wu & He, 2018
ReLU = partial(nn.ReLU, inplace=True)  # norms keep what comes into them, not what they give


class ConvolutionBlock(nn.Module):
    """Convolve, normalize, activate: x (B, C, Y, X) to (B, C', Y / stride, X / stride), rounded up.

    `norm` is over the batch (Ioffe & Szegedy, 2015), or over groups of channels of each image alone (Wu & He,
    2018), which does not mind small batches.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        stride: int = 1,
        norm: Norm = "batch",
        activation: Callable[[], nn.Module] = ReLU,
    ) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
        self.norm = normalization(norm, outputs)
        self.activation = activation()
        nn.init.kaiming_normal_(self.convolution.weight, nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Map x (B, C, Y, X) to (B, C', Y', X')."""
        return self.activation(self.norm(self.convolution(x)))


def normalization(norm: Norm, channels: int) -> nn.Module:
    """The layer that normalizes maps (B, C, Y, X)."""
    if norm == "batch":
        return bear_lone_values(nn.BatchNorm2d(channels))
    return nn.GroupNorm(gcd(channels, MOST_GROUPS), channels)


def bear_lone_values(module: nn.Module) -> nn.Module:
    """Let batch norms accept a single value per channel; they then use their running statistics, as in evaluation.

    A small image alone leaves one value at a coarse level. It has no variance, and torch refuses it in training.
    """
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.register_forward_pre_hook(_before_norm)
            part.register_forward_hook(_after_norm, always_call=True)
    return module


def _before_norm(norm: Any, inputs: tuple[Any, ...]) -> None:
    x: Tensor = inputs[0]
    if norm.training and x.numel() == x.shape[1] and getattr(norm, "running_mean", None) is not None:
        norm.training, norm.lone = False, True


def _after_norm(norm: Any, inputs: tuple[Any, ...], output: Any) -> None:
    if getattr(norm, "lone", False):
        norm.training, norm.lone = True, False
