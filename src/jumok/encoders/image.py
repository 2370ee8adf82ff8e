"""Image encoders: feature maps and, for decoders that attend to single cells, a sequence of states."""

import math
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from jumok.attention.positions import plane_sinusoids
from jumok.encoders.backbone import Backbone
from jumok.encoders.convolutional import ConvolutionalEncoder
from jumok.encoders.transformer import mean_of_valid
from jumok.layers.transformer import TransformerEncoderLayer
from jumok.values import ImageBatch, Memory, Pyramid


class Neck(Protocol):
    """Combines levels: returns one map for each, and maybe coarser ones, each with half as many cells per side."""

    channels: tuple[int, ...]

    def __call__(self, maps: tuple[Tensor, ...]) -> tuple[Tensor, ...]: ...


class GridTokens(nn.Module):
    """The cells of one level as a sequence, row by row, each with the embedding of its position.

    States are normalized before the positional embedding is added, so that both have the same scale. Positions are
    measured in cells: an embedding means the same in images of all sizes, whatever the padding.
    """

    def __init__(
        self, channels: int, width: int, stride: int, layers: Sequence[TransformerEncoderLayer] = ()
    ) -> None:
        super().__init__()
        self.stride, self.width = stride, width
        self.project = nn.Conv2d(channels, width, 1)
        self.content = nn.LayerNorm(width)
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(width) if layers else nn.Identity()

    def forward(self, pyramid: Pyramid) -> Memory:
        """The level of this stride (B, C, Y, X) to a memory of Y · X states; its summary is their mean."""
        cells = self.project(pyramid.levels[pyramid.strides.index(self.stride)])  # (B, D, Y, X)
        places = cell_centres(cells, self.stride)  # (S, 2)
        valid = cells_inside(places, pyramid.valid_size, self.stride)  # (B, S)
        x = self.content(cells.flatten(2).transpose(1, 2))  # (B, S, D)
        x = x + plane_sinusoids(places / self.stride, self.width).to(x.dtype)
        for layer in self.layers:
            x = layer(x, valid[:, None, None, :])
        states = self.norm(x)
        everywhere = places.expand(x.shape[0], -1, -1)  # (B, S, 2)
        return Memory(states, valid, mean_of_valid(states, valid), pyramid, everywhere)


class ImageEncoder(nn.Module):
    """Normalize pixels, compute features, combine levels; with `states`, make a sequence of one level, too.

    Padding is zero after the normalization.
    """

    max_length = math.inf

    def __init__(
        self,
        backbone: Backbone | ConvolutionalEncoder,
        neck: Neck | None = None,
        states: GridTokens | None = None,
    ) -> None:
        super().__init__()
        self.backbone, self.neck, self.states = backbone, neck, states
        self.channels = backbone.channels if neck is None else neck.channels
        self.strides = backbone.strides[: len(self.channels)]
        while len(self.strides) < len(self.channels):
            self.strides = (*self.strides, 2 * self.strides[-1])
        if states is not None and states.stride not in self.strides:
            raise ValueError(f"states need the level of stride {states.stride}; there are {self.strides}")
        self.register_buffer("mean", 255 * torch.tensor(backbone.mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", 255 * torch.tensor(backbone.std).view(3, 1, 1), persistent=False)
        self.mean: Tensor
        self.std: Tensor
        self.to(memory_format=torch.channels_last)

    def forward(self, images: ImageBatch) -> Memory:
        """Images (B, 3, Y, X) to a memory with their pyramid; without `states`, it has S = 0 of them."""
        maps = self.backbone(self.normalised(images))
        if self.neck is not None:
            maps = self.neck(maps)
        Y, X = images.pixels.shape[-2:]
        pyramid = Pyramid(maps, self.strides, images.valid_size, (Y, X))
        return self.states(pyramid) if self.states is not None else without_states(pyramid)

    def normalised(self, images: ImageBatch) -> Tensor:
        """What a backbone expects (B, 3, Y, X) of pixels from 0 to 255; zero around the real part."""
        pixels = images.pixels.to(self.mean.dtype, memory_format=torch.channels_last)
        Y, X = pixels.shape[-2:]
        rows = torch.arange(Y, device=pixels.device) < images.valid_size[:, :1]  # (B, Y)
        columns = torch.arange(X, device=pixels.device) < images.valid_size[:, 1:]  # (B, X)
        real = rows[:, None, :, None] & columns[:, None, None, :]  # (B, 1, Y, X)
        return (pixels - self.mean) / self.std * real


def cell_centres(cells: Tensor, stride: int) -> Tensor:
    """x and y (Y · X, 2) in pixels of the centres of cells (B, C, Y, X), row by row."""
    down, right = (torch.arange(count, device=cells.device) for count in cells.shape[-2:])
    y, x = torch.meshgrid(down, right, indexing="ij")
    return (torch.stack((x, y), -1).flatten(0, 1) + 0.5) * stride


def cells_inside(places: Tensor, shown: Tensor, stride: int) -> Tensor:
    """Which cells have their centre in the real image; the first row and column always count.

    Args:
        places: Centres of the cells, x and y in pixels (S, 2).
        shown: Height and width of the real images in pixels (B, 2).
        stride: Pixels from one cell to the next.

    Returns:
        True (B, S) for cells inside.
    """
    size = shown.clamp(min=stride).flip(1)  # (B, 2), width and height
    return (places < size[:, None, :]).all(-1)


def without_states(pyramid: Pyramid) -> Memory:
    """A memory that has a pyramid only: no states, and an empty summary."""
    states = pyramid.levels[0].new_zeros(pyramid.valid_size.shape[0], 0, 0)  # (B, S, D)
    return Memory(states, states.new_zeros(states.shape[:2], dtype=torch.bool), states.sum(1), pyramid)
