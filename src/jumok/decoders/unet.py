"""From feature maps back to a class for every pixel: U-Net, and the plain encoder–decoder that it grew out of."""

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
    """Convolution, normalization, ReLU: (B, C, Y, X) to (B, width, Y, X).

    Groups of channels are normalized within each picture (Wu & He, 2018), for batches of pictures are small.
    """

    def __init__(self, channels: int, width: int, kernel: int = 3) -> None:
        groups = width // GROUP if width % GROUP == 0 else 1
        super().__init__(
            nn.Conv2d(channels, width, kernel, padding=kernel // 2, bias=False),
            nn.GroupNorm(groups, width),
            nn.ReLU(inplace=True),
        )


class Upsampling(nn.Module):
    """Make a map `factor` times as high and wide: (B, C, Y, X) to (B, width, factor · Y, factor · X).

    `bilinear` spreads, and a 1 × 1 convolution changes the width before that, where the map is small.
    `transposed` learns what each cell becomes (Zeiler et al., 2010). Its kernel is as large as its stride, so that
    each new cell is written exactly once: kernels that overlap unevenly leave checkerboards (Odena et al., 2016).
    """

    def __init__(self, channels: int, width: int, factor: int, kind: Upsample) -> None:
        super().__init__()
        self.factor, self.kind = factor, kind
        self.change: nn.Conv2d | nn.ConvTranspose2d
        if kind == "transposed":
            self.change = nn.ConvTranspose2d(channels, width, factor, stride=factor)
        else:
            self.change = nn.Conv2d(channels, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.change(x)
        if self.kind == "transposed":
            return x
        return F.interpolate(x, scale_factor=self.factor, mode="bilinear", align_corners=False)


class UNetDecoder(nn.Module):
    """Upsample the coarsest map step by step, and read what is found at each finer one beside it.

    With `skips` this is the right half of U-Net (Ronneberger et al., 2015), over any backbone; without, the finer
    maps are not looked at, and what the coarsest one has lost of outlines must be guessed.
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
            self.up.append(Upsampling(widths[level + 1], widths[level], factor(strides, level), upsample))
            seen = widths[level] + (channels[level] if skips else 0)
            self.mix.append(
                nn.Sequential(Convolution(seen, widths[level]), Convolution(widths[level], widths[level]))
            )
        # The classes are told apart before the last upsampling: at full size every channel costs.
        self.pixels = Upsampling(width, classes, strides[0], upsample)

    def forward(self, memory: Memory) -> Tensor:
        """Logits (B, C, Y, X) of the class of each pixel of the batch."""
        if memory.pyramid is None:
            raise ValueError("a decoder of pixels needs the feature maps of a picture; this memory has none")
        levels, size = memory.pyramid.levels, memory.pyramid.size
        x = self.coarsest(levels[-1])
        for up, mix, level in zip(self.up, self.mix, reversed(levels[:-1]), strict=True):
            x = up(x)
            if self.skips:
                x = torch.cat((fitted(x, level.shape[-2], level.shape[-1]), level), 1)
            x = mix(x)
        return fitted(self.pixels(x), *size)


def factor(strides: Sequence[int], level: int) -> int:
    """How many cells of a level lie along one cell of the next coarser one."""
    fine, coarse = list(pairwise(strides))[level]
    if coarse % fine or coarse == fine:
        raise ValueError(
            f"each stride must be a multiple of the one before; got {', '.join(map(str, strides))}"
        )
    return coarse // fine


def fitted(x: Tensor, height: int, width: int) -> Tensor:
    """The upper left part of x (B, C, Y, X), or x with its last row and column repeated where it is too small."""
    x = x[..., :height, :width]
    below, right = height - x.shape[-2], width - x.shape[-1]
    return F.pad(x, (0, right, 0, below), mode="replicate") if below or right else x
