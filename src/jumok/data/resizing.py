"""Images of any size scaled into the canvas of a batch, with what is marked in them.

An image keeps its aspect and touches the canvas from within: it is as high or as wide as the canvas. In a batch it
lies in the upper left corner, so that a scaled box needs no shift.
"""

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
    """An image with what is marked in it: boxes, a mask, both or nothing."""

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
    """A part of an image, in its pixels."""

    top: int
    left: int
    height: int
    width: int


def pixels_of(image: Image.Image) -> Tensor:
    """The pixels (3, Y, X) of an RGB image, laid out channels last, in which they are scaled the fastest."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def fitting_scale(size: tuple[int, int], canvas: tuple[int, int]) -> float:
    """The factor by which an image of a size (height, width) fits a canvas."""
    return min(canvas[0] / size[0], canvas[1] / size[1])


def fitting_size(size: tuple[int, int], canvas: tuple[int, int]) -> tuple[int, int]:
    """The height and width that an image of a size has on a canvas."""
    scale = fitting_scale(size, canvas)
    return scaled_side(size[0], scale, canvas[0]), scaled_side(size[1], scale, canvas[1])


def scaled_side(side: float, scale: float, most: int) -> int:
    """A side in whole pixels, at least one and at most as long as the canvas."""
    return min(most, max(1, round(side * scale)))


def fit_to_canvas(sample: ImageSample, canvas: tuple[int, int]) -> ImageSample:
    """The image scaled to fit a canvas (height, width), enlarged where it is smaller."""
    return crop_resize(sample, Window(0, 0, *sample.size), fitting_size(sample.size, canvas))


def fitted_image(image: Image.Image | Tensor, canvas: tuple[int, int]) -> Tensor:
    """An RGB image, or pixels (3, Y, X), scaled to fit a canvas; pixels (3, Y', X')."""
    pixels = pixels_of(image) if isinstance(image, Image.Image) else image
    size = (pixels.shape[-2], pixels.shape[-1])
    return fit_to_canvas(ImageSample(pixels, size), canvas).image


def crop_resize(sample: ImageSample, window: Window, size: tuple[int, int]) -> ImageSample:
    """A window of an image scaled to a size (height, width), in one resampling.

    Boxes stay whole: they may reach beyond the window, or lie outside of it.
    """
    return replace(
        sample,
        image=transforms.resized_crop(sample.image, *window, list(size), antialias=True),
        boxes=moved_boxes(sample, window, size),
        mask=None if sample.mask is None else cut_mask(sample.mask, window, size),
    )


def moved_boxes(sample: ImageSample, window: Window, size: tuple[int, int]) -> Tensor | None:
    """The boxes of a sample in the pixels of a window that is scaled to `size`."""
    boxes = unclipped_boxes(sample)
    if boxes is None:
        return None
    return transforms.resized_crop(boxes, *window, list(size)).as_subclass(Tensor)


def unclipped_boxes(sample: ImageSample) -> "BoundingBoxes | None":
    """The boxes as torchvision moves them, not clipped on the way."""
    if sample.boxes is None:
        return None
    return tensors.BoundingBoxes(sample.boxes, format="XYXY", canvas_size=sample.size, clamping_mode=None)


def cut_mask(mask: Tensor, window: Window, size: tuple[int, int]) -> Tensor:
    """The classes of the nearest pixels.

    torchvision's own transform of masks takes the upper left neighbour, half a pixel beside the image.
    """
    nearest = transforms.InterpolationMode.NEAREST_EXACT
    return transforms.resized_crop(mask[None], *window, list(size), interpolation=nearest)[0]


def scaled_boxes(boxes: Tensor, before: tuple[int, int], after: tuple[int, int]) -> Tensor:
    """Boxes (..., 4) of an image of one size (height, width) in the pixels of another size of it."""
    vertical, horizontal = after[0] / before[0], after[1] / before[1]
    return boxes * boxes.new_tensor((horizontal, vertical, horizontal, vertical))
