"""Scales images of any size to the canvas of a batch, with their boxes and masks.

An image keeps its aspect ratio and is as high or as wide as the canvas. It is placed in the upper left corner, so that
a scaled box needs no shift.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from jumok.deferred import Deferred

if TYPE_CHECKING:
    from torchvision.tv_tensors import BoundingBoxes

transforms = Deferred("torchvision.transforms.v2.functional")
tensors = Deferred("torchvision.tv_tensors")

UNKNOWN_CLASS = -1  # the class of a pixel of which nothing is known


@dataclass(frozen=True)
class ImageSample:
    """An image with its boxes, its mask, both or neither."""

    image: Tensor  # (3, Y, X) uint8, RGB
    original: tuple[int, int]  # height and width before any scaling
    boxes: Tensor | None = None  # (N, 4) float32, in pixels of `image`
    labels: Tensor | None = None  # (N,) int64, numbers of classes
    crowd: Tensor | None = None  # (N,) bool, True on groups
    mask: Tensor | None = None  # (Y, X) int16, numbers of classes, -1 where nothing is known

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.image.shape[-2:]
        return height, width


class Window(NamedTuple):
    """A rectangle of an image, in pixels."""

    top: int
    left: int
    height: int
    width: int


def pixels_of(image: Image.Image) -> Tensor:
    """The pixels (3, Y, X) of an RGB image in channels-last memory, which is the fastest to scale."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def fitting_scale(size: tuple[int, int], canvas: tuple[int, int]) -> float:
    """The factor by which an image of this size (height, width) fits a canvas."""
    return min(canvas[0] / size[0], canvas[1] / size[1])


def fitting_size(size: tuple[int, int], canvas: tuple[int, int]) -> tuple[int, int]:
    """The height and width of an image of this size on a canvas."""
    scale = fitting_scale(size, canvas)
    return scaled_side(size[0], scale, canvas[0]), scaled_side(size[1], scale, canvas[1])


def scaled_side(side: float, scale: float, most: int) -> int:
    """A scaled side in whole pixels.

    Args:
        side: The side in pixels.
        scale: The factor.
        most: The greatest result.

    Returns:
        At least 1, at most `most`.
    """
    return min(most, max(1, round(side * scale)))


def fit_to_canvas(sample: ImageSample, canvas: tuple[int, int]) -> ImageSample:
    """Scale an image to fit a canvas (height, width); smaller ones are enlarged."""
    return crop_resize(sample, Window(0, 0, *sample.size), fitting_size(sample.size, canvas))


def crop_resize(sample: ImageSample, window: Window, size: tuple[int, int]) -> ImageSample:
    """Crop and scale an image in one resampling.

    Boxes are not clipped: they may reach beyond the window, or lie outside.

    Args:
        sample: The image.
        window: The rectangle to keep.
        size: Height and width of the result in pixels.

    Returns:
        The image with its boxes and mask.
    """
    return replace(
        sample,
        image=transforms.resized_crop(sample.image, *window, list(size), antialias=True),
        boxes=moved_boxes(sample, window, size),
        mask=None if sample.mask is None else cut_mask(sample.mask, window, size),
    )


def moved_boxes(sample: ImageSample, window: Window, size: tuple[int, int]) -> Tensor | None:
    """The boxes of a cropped and scaled image.

    Args:
        sample: The image.
        window: The rectangle that is kept.
        size: Height and width of the result in pixels.

    Returns:
        Boxes (N, 4), not clipped; None if there are none.
    """
    boxes = unclipped_boxes(sample)
    if boxes is None:
        return None
    return transforms.resized_crop(boxes, *window, list(size)).as_subclass(Tensor)


def unclipped_boxes(sample: ImageSample) -> "BoundingBoxes | None":
    """The boxes as a type that torchvision transforms without clipping."""
    if sample.boxes is None:
        return None
    return tensors.BoundingBoxes(sample.boxes, format="XYXY", canvas_size=sample.size, clamping_mode=None)


def cut_mask(mask: Tensor, window: Window, size: tuple[int, int]) -> Tensor:
    """Crop and scale a mask, taking the nearest pixels.

    torchvision's own transform of masks takes the upper left neighbour, which shifts it by half a pixel.

    Args:
        mask: Class of each pixel (Y, X).
        window: The rectangle to keep.
        size: Height and width of the result in pixels.

    Returns:
        The mask.
    """
    nearest = transforms.InterpolationMode.NEAREST_EXACT
    return transforms.resized_crop(mask[None], *window, list(size), interpolation=nearest)[0]


def scaled_boxes(boxes: Tensor, before: tuple[int, int], after: tuple[int, int]) -> Tensor:
    """Scale boxes from one size of an image to another.

    Args:
        boxes: Boxes in pixels (..., 4).
        before: Height and width that they refer to.
        after: Height and width that the result refers to.

    Returns:
        Boxes (..., 4).
    """
    vertical, horizontal = after[0] / before[0], after[1] / before[1]
    return boxes * boxes.new_tensor((horizontal, vertical, horizontal, vertical))


def pad_and_stack(images: Sequence[Tensor], filling: int) -> Tensor:
    """Tensors (..., Y, X) of different sizes to one (B, ..., Y, X), each in the upper left corner."""
    height, width = (max(image.shape[axis] for image in images) for axis in (-2, -1))
    batch = images[0].new_full((len(images), *images[0].shape[:-2], height, width), filling)
    for row, image in zip(batch, images, strict=True):
        row[..., : image.shape[-2], : image.shape[-1]] = image
    return batch
