"""Segmentation decoders: U-Net, and the plain encoder–decoder without skip connections."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from jumok.values import Memory

Upsample = Literal["bilinear", "transposed"]

GROUP = 8  # channels that are normalized together


class Convolution(nn.Sequential):
    """Convolution, group normalization, ReLU: (B, C, Y, X) to (B, width, Y, X).

    Channels are normalized in groups within each image (Wu & He, 2018), because batches of images are small.
    """

    def __init__(self, channels: int, width: int, kernel: int = 3) -> None:
        groups = width // GROUP if width % GROUP == 0 else 1
        super().__init__(
            nn.Conv2d(channels, width, kernel, padding=kernel // 2, bias=False),
            nn.GroupNorm(groups, width),
            nn.ReLU(inplace=True),
        )


def upsampling(channels: int, width: int, factor: int, kind: Upsample) -> nn.Module:
    """Build a layer that enlarges maps.

    Args:
        channels: Channels of the input.
        width: Channels of the output.
        factor: How many times as high and wide the output is.
        kind: Transposed convolution, or interpolation and a convolution.

    Returns:
        A layer from (B, channels, Y, X) to (B, width, factor · Y, factor · X).
    """
    change = nn.Conv2d(channels, width, 1)
    if kind == "transposed":
        return spreading(change, factor)
    return nn.Sequential(change, nn.Upsample(scale_factor=factor, mode="bilinear", align_corners=False))


def spreading(change: nn.Conv2d, factor: int) -> nn.ConvTranspose2d:
    """A transposed convolution that starts as `change` followed by bilinear interpolation.

    (Long et al., 2015, section 3.3.) Its kernel is twice as large as its stride, so that every new cell is made of
    the same number of old ones: kernels that overlap unevenly leave checkerboards (Odena et al., 2016).
    """
    kernel = 2 * factor - factor % 2
    made = nn.ConvTranspose2d(
        change.in_channels, change.out_channels, kernel, stride=factor, padding=(kernel - factor) // 2
    )
    distance = (torch.arange(kernel) - (kernel - 1) / 2).abs() / factor
    share = 1 - distance  # of an old cell in the new ones of a row
    made.weight.data = change.weight.data.transpose(0, 1) * share[:, None] * share
    made.bias = change.bias
    return made


class UNetDecoder(nn.Module):
    """Upsample the coarsest map step by step, and concatenate the encoder's map of each finer level.

    With `skips` this is the right half of U-Net (Ronneberger et al., 2015), over any backbone. Without, the finer
    maps are not used.
    """

    def __init__(
        self,
        channels: Sequence[int],
        strides: Sequence[int],
        classes: int,
        width: int = 32,
        upsample: Upsample = "bilinear",
        skips: bool = True,
    ) -> None:
        """`channels` and `strides` of the levels from fine to coarse; `width` at the finest, twice that a level up.

        The width stops growing at eight times the finest.
        """
        super().__init__()
        self.skips = skips
        widths = [width * min(2**level, 8) for level in range(len(channels))]
        self.coarsest = Convolution(channels[-1], widths[-1], 1)
        self.up, self.mix = nn.ModuleList(), nn.ModuleList()
        for level in reversed(range(len(channels) - 1)):
            self.up.append(
                upsampling(widths[level + 1], widths[level], upsampling_factor(strides, level), upsample)
            )
            seen = widths[level] + (channels[level] if skips else 0)
            self.mix.append(
                nn.Sequential(Convolution(seen, widths[level]), Convolution(widths[level], widths[level]))
            )
        # The classes are predicted before the last upsampling: at full size every channel costs.
        self.pixels = upsampling(width, classes, strides[0], upsample)

    def forward(self, memory: Memory) -> Tensor:
        """Logits (B, C, Y, X) of the class of each pixel of the batch."""
        if memory.pyramid is None:
            raise ValueError("a decoder of pixels needs the feature maps of an image; this memory has none")
        levels, size = memory.pyramid.levels, memory.pyramid.size
        x = self.coarsest(levels[-1])
        for up, mix, level in zip(self.up, self.mix, reversed(levels[:-1]), strict=True):
            x = up(x)
            if self.skips:
                x = torch.cat((fitted(x, level.shape[-2], level.shape[-1]), level), 1)
            x = mix(x)
        return fitted(self.pixels(x), *size)


def upsampling_factor(strides: Sequence[int], level: int) -> int:
    """How many cells of a level lie along one cell of the next coarser one."""
    fine, coarse = list(pairwise(strides))[level]
    if coarse % fine or coarse == fine:
        raise ValueError(
            f"each stride must be a multiple of the one before; got {', '.join(map(str, strides))}"
        )
    return coarse // fine


def fitted(x: Tensor, height: int, width: int) -> Tensor:
    """Cut or extend a map to a size.

    Args:
        x: The map (B, C, Y, X).
        height: Rows of the result.
        width: Columns of the result.

    Returns:
        The upper left part of x; if x is too small, its last row and column are repeated.
    """
    x = x[..., :height, :width]
    below, right = height - x.shape[-2], width - x.shape[-1]
    return F.pad(x, (0, right, 0, below), mode="replicate") if below or right else x
