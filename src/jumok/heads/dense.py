"""A dense detection head without anchors: every cell of the feature maps predicts a box."""

from collections.abc import Sequence
from math import log
from typing import NamedTuple

import torch
from torch import Tensor, nn

from jumok.decoders.unet import Convolution
from jumok.geometry import areas, clip, from_centre, ops
from jumok.values import Detections, Memory, Pyramid

PRIOR = 0.01  # what a score is before training: few cells hold an object (Lin et al., 2017, section 4.1)
INITIAL_STRIDES = 4.0  # strides, of a box before training
FLOOR = 0.01  # lower scores are never asked for
CANDIDATES = 1000  # highest-scoring boxes of an image that enter non-maximum suppression


class DenseBoxes(NamedTuple):
    """The predictions of a dense head for every cell, level by level, row by row."""

    logits: Tensor  # (B, P, C): an object of this class, and no cell finds it better?
    boxes: Tensor  # (B, P, 4)
    quality: Tensor  # (B, P), the logit of the overlap of this box with the object
    centres: Tensor  # (P, 2), x and y in pixels
    strides: Tensor  # (P,)
    valid_size: Tensor  # (B, 2), height and width of the real part of each image

    def real(self) -> Tensor:
        """True (B, P) for cells whose centre is in the image."""
        return (self.centres < self.valid_size[:, None].flip(-1)).all(-1)

    def scores(self) -> Tensor:
        """The score of each class in each cell (B, P, C), 0 to 1: class score times quality."""
        scores = self.logits.float().sigmoid() * self.quality.float().sigmoid()[..., None]
        return scores * self.real()[..., None]

    def detect(self, threshold: float = FLOOR, overlap: float = 0.6, most: int = 100) -> list[Detections]:
        """The detections of each image, the highest score first.

        Args:
            threshold: The least score of a detection.
            overlap: The IoU above which the weaker of two boxes of one class is dropped (non-maximum suppression).
            most: The most detections of an image.

        Returns:
            Detections for each image.
        """
        images = zip(self.scores(), self.boxes.float(), self.valid_size.tolist(), strict=True)
        return [top_cells(*image, threshold, overlap, most) for image in images]


class DenseBoxHead(nn.Module):
    """Two small towers of convolutions, for classes and for boxes, shared by all levels (FCOS: Tian et al., 2019).

    A cell predicts the shift of its centre and the logarithm of its size, in strides (YOLOX: Ge et al., 2021). Unlike
    distances to four sides, this reaches boxes that contain no centre of a cell, and never gives a negative size.
    """

    def __init__(
        self, channels: Sequence[int], strides: Sequence[int], classes: int, width: int, layers: int = 2
    ) -> None:
        """`channels` and `strides` of the levels from fine to coarse; where channels differ, each level is first
        brought to `width` by itself."""
        super().__init__()
        alike = len(set(channels)) == 1
        self.strides = tuple(strides)
        self.stems = nn.ModuleList(
            nn.Identity() if alike else Convolution(level, width, 1) for level in channels
        )
        entrance = channels[0] if alike else width
        self.class_tower, self.box_tower = tower(entrance, width, layers), tower(entrance, width, layers)
        self.score = nn.Linear(width, classes)
        self.box = nn.Linear(width, 5)  # centre, size and quality
        for linear in (self.score, self.box):
            nn.init.normal_(linear.weight, std=0.01)
            nn.init.zeros_(linear.bias)
        nn.init.constant_(self.score.bias, log(PRIOR / (1 - PRIOR)))

    def forward(self, memory: Memory) -> DenseBoxes:
        """One box for each of the P cells of all levels."""
        pyramid = feature_maps(memory)
        levels = [stem(level) for stem, level in zip(self.stems, pyramid.levels, strict=True)]
        logits = self.score(torch.cat([cells(self.class_tower(x)) for x in levels], 1))  # (B, P, C)
        edges = torch.cat([cells(self.box_tower(x)) for x in levels], 1)  # (B, P, D)
        with torch.autocast(edges.device.type, enabled=False):  # a box needs more than the eight bits of bf16
            raw = self.box(edges.to(self.box.weight.dtype))  # (B, P, 5)
        centres, strides = grid(pyramid)
        boxes = moved(raw[..., :4], centres, strides)
        return DenseBoxes(logits, boxes, raw[..., 4], centres, strides, pyramid.valid_size)

    @torch.no_grad()
    def detect(
        self, found: DenseBoxes, threshold: float = FLOOR, overlap: float = 0.6, most: int = 100
    ) -> list[Detections]:
        """The detections of each image, the highest score first; the score is class score times quality.

        Args:
            found: The predictions of all cells.
            threshold: The least score of a detection.
            overlap: The IoU above which the weaker of two boxes of one class is dropped (non-maximum suppression).
            most: The most detections of an image.

        Returns:
            Detections for each image.
        """
        return found.detect(threshold, overlap, most)

    def scores(self, found: DenseBoxes) -> Tensor:
        """The score of each class in each cell (B, P, C), 0 to 1."""
        return found.scores()


def tower(channels: int, width: int, layers: int) -> nn.Sequential:
    """Build a tower of convolutions.

    Args:
        channels: Channels of the input.
        width: Channels of all outputs.
        layers: Number of convolutions.

    Returns:
        Layers from (B, channels, Y, X) to (B, width, Y, X).
    """
    return nn.Sequential(*(Convolution(width if layer else channels, width) for layer in range(layers)))


def feature_maps(memory: Memory) -> Pyramid:
    """The feature maps of a memory; raises ValueError if there are none."""
    if memory.pyramid is None:
        raise ValueError("a dense head needs the feature maps of an image; this memory has none")
    return memory.pyramid


def cells(x: Tensor) -> Tensor:
    """A map (B, C, Y, X) as its cells (B, Y · X, C)."""
    return x.permute(0, 2, 3, 1).flatten(1, 2)


def grid(pyramid: Pyramid) -> tuple[Tensor, Tensor]:
    """Centres (P, 2), x and y in pixels, and strides (P,) of all cells of all levels."""
    centres, strides = [], []
    for level, stride in zip(pyramid.levels, pyramid.strides, strict=True):
        rows, columns = (torch.arange(size, device=level.device) + 0.5 for size in level.shape[-2:])
        y, x = torch.meshgrid(rows * stride, columns * stride, indexing="ij")
        centres.append(torch.stack((x.flatten(), y.flatten()), -1))
        strides.append(torch.full((y.numel(),), float(stride), device=level.device))
    return torch.cat(centres), torch.cat(strides)


def moved(raw: Tensor, centres: Tensor, strides: Tensor) -> Tensor:
    """Decode raw predictions into boxes.

    Args:
        raw: Shift of the centre and logarithm of the size, in strides (B, P, 4).
        centres: Centres of the cells in pixels (P, 2).
        strides: Pixels from one cell to the next (P,).

    Returns:
        Boxes in pixels (B, P, 4).
    """
    move, grow = raw.split(2, -1)
    size = INITIAL_STRIDES * grow.clamp(max=8.0).exp()  # an exponential must stay finite whatever comes
    return from_centre(torch.cat((centres + move * strides[:, None], size * strides[:, None]), -1))


def top_cells(
    scores: Tensor, boxes: Tensor, shown: list[int], threshold: float, overlap: float, most: int
) -> Detections:
    """The detections of one image.

    Args:
        scores: Score of each class in each cell (P, C).
        boxes: Boxes of the cells in pixels (P, 4).
        shown: Height and width of the real image in pixels, which boxes are clipped to.
        threshold: The least score of a detection.
        overlap: The IoU above which the weaker of two boxes of one class is dropped.
        most: The most detections.

    Returns:
        The detections, the highest score first.
    """
    height, width = shown
    boxes = clip(boxes, width, height)
    scores = scores * (areas(boxes) > 0)[:, None]
    cell, label = ((scores >= threshold) & (scores > 0)).nonzero(as_tuple=True)
    score, order = scores[cell, label].sort(descending=True, stable=True)
    cell, label, score = cell[order[:CANDIDATES]], label[order[:CANDIDATES]], score[:CANDIDATES]
    kept = ops.batched_nms(boxes[cell], score, label, overlap)[:most]
    return Detections(boxes[cell[kept]], score[kept], label[kept], cell[kept])
