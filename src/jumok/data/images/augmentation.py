"""Data augmentation: random changes of images, with boxes and masks transformed alike.

Parameters are drawn from a given generator and passed to the functions of torchvision's transforms.v2. The transform
classes draw from torch's global generator, from which a training step draws dropout at the same time, so that a run
would not be reproducible.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from torch import Tensor

from jumok import geometry
from jumok.data.images.mosaic import mosaic, quarters
from jumok.data.images.resizing import (
    UNKNOWN_CLASS,
    ImageSample,
    Window,
    crop_resize,
    fitting_scale,
    scaled_side,
    transforms,
    unclipped_boxes,
)

MIN_SIDE = 1.0  # pixels of a side; below it nothing is left to see
ROUNDING = 1e-4  # of an area
MIDDLE = (0.3, 0.7)  # of each side, where the centre of a mosaic may lie


@dataclass(frozen=True)
class Augmentation:
    """The random changes of an image.

    `scale` is relative to the size at which the whole image fits the canvas: below 1 it becomes smaller than the
    canvas, above 1 only a part of it is visible. An object of which less than `visible` remains is dropped.
    """

    flip: Literal["none", "horizontal", "both"] = "horizontal"  # each with probability one half
    scale: tuple[float, float] = (0.6, 1.6)
    crop: float = 1.0  # the least share of each side that stays in the image; 1 crops nothing
    rotate: float = 0.0  # degrees at most, to either side
    shift: float = 0.0  # at most this share of each side, to either side; what comes into view is black
    colour: float = 0.2  # brightness, contrast and saturation change by this share at most
    mosaic: float = 0.0  # probability that an image is put together from four of the batch
    visible: float = 0.2  # the least share of a box's area that must be left

    def __post_init__(self) -> None:
        low, high = self.scale
        if not 0 < low <= high:
            raise ValueError(f"scale must be two factors above 0, the smaller first; got {low:g}, {high:g}")
        if not 0 < self.crop <= 1:
            raise ValueError(f"crop must be above 0 and at most 1; got {self.crop:g}")
        for name in ("mosaic", "visible", "colour"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in 0 to 1; got {getattr(self, name):g}")
        if not 0 <= self.shift < 1:
            raise ValueError(f"shift must be at least 0 and below 1; got {self.shift:g}")
        if not 0 <= self.rotate <= 180:
            raise ValueError(f"rotate must be in 0 to 180 degrees; got {self.rotate:g}")

    def __call__(
        self, samples: Sequence[ImageSample], canvas: tuple[int, int], random: np.random.Generator
    ) -> list[ImageSample]:
        """Augment the images of a batch; a pure function of its arguments and the state of `random`.

        Args:
            samples: The images.
            canvas: Height and width of the batch in pixels.
            random: Source of randomness.

        Returns:
            The changed images, each no larger than the canvas.
        """
        if self.mosaic and any(sample.boxes is None and sample.mask is None for sample in samples):
            raise ValueError(
                "mosaic puts four images together, and only boxes and masks can follow; set mosaic to 0"
            )
        return [self.changed(number, samples, canvas, random) for number in range(len(samples))]

    def changed(
        self,
        number: int,
        samples: Sequence[ImageSample],
        canvas: tuple[int, int],
        random: np.random.Generator,
    ) -> ImageSample:
        """Augment one image of a batch.

        Args:
            number: Index of the image.
            samples: All images of the batch; mosaics use others of them.
            canvas: Height and width of the batch in pixels.
            random: Source of randomness.

        Returns:
            The changed image.
        """
        sample = samples[number]
        if random.random() < self.mosaic:
            chosen = [sample, *(samples[other] for other in random.integers(len(samples), size=3))]
            composed = self.composed(chosen, canvas, random)
        else:
            composed = self.moved(sample, canvas, canvas, random)
        return replace(composed, image=self.coloured(composed.image, random))

    def composed(
        self, samples: Sequence[ImageSample], canvas: tuple[int, int], random: np.random.Generator
    ) -> ImageSample:
        """Make a mosaic of four images.

        Args:
            samples: The four images.
            canvas: Height and width of the batch in pixels.
            random: Source of randomness.

        Returns:
            The mosaic.
        """
        row, column = (
            min(max(1, round(random.uniform(*MIDDLE) * side)), max(1, side - 1)) for side in canvas
        )
        rooms = quarters(canvas, (row, column))
        tiles = [
            self.moved(sample, canvas, room, random) for sample, room in zip(samples, rooms, strict=True)
        ]
        return mosaic(tiles, canvas, (row, column))

    def moved(
        self,
        sample: ImageSample,
        canvas: tuple[int, int],
        room: tuple[int, int],
        random: np.random.Generator,
    ) -> ImageSample:
        """Scale, crop, flip, rotate and shift an image.

        Args:
            sample: The image.
            canvas: Height and width of the batch in pixels, which scales are relative to.
            room: The greatest height and width of the result.
            random: Source of randomness.

        Returns:
            The changed image.
        """
        shares = random.uniform(self.crop, 1.0, size=2)
        scale = np.exp(random.uniform(*np.log(self.scale))) * fitting_scale(sample.size, canvas)
        place, flips, turn = random.random(2), random.random(2) < 0.5, random.uniform(-1, 1)
        window = drawn_window(sample.size, shares, (room[0] / scale, room[1] / scale), place)
        size = scaled_side(window.height, scale, room[0]), scaled_side(window.width, scale, room[1])
        seen = crop_resize(sample, window, size)
        seen = flipped(seen, self.flip != "none" and flips[0], self.flip == "both" and flips[1])
        seen = drop_occluded(seen, self.visible)
        if self.rotate:
            seen = drop_occluded(rotated(seen, float(turn) * self.rotate), self.visible)
        if self.shift:
            seen = drop_occluded(
                translated(seen, random.uniform(-self.shift, self.shift, size=2)), self.visible
            )
        return seen

    def coloured(self, image: Tensor, random: np.random.Generator) -> Tensor:
        """Change brightness, contrast and saturation of pixels (3, Y, X); changing the hue would be too slow."""
        brightness, contrast, saturation = 1 + self.colour * random.uniform(-1, 1, size=3)
        if not self.colour:
            return image
        image = transforms.adjust_brightness(image.contiguous(), float(brightness))
        image = transforms.adjust_contrast(image, float(contrast))
        return transforms.adjust_saturation(image, float(saturation))


def drawn_window(
    size: tuple[int, int], shares: np.ndarray, most: tuple[float, float], place: np.ndarray
) -> Window:
    """The window of a crop.

    Args:
        size: Height and width of the image.
        shares: Share of each side that is kept (2,).
        most: The greatest height and width of the window.
        place: Relative position of the window, 0 to 1 (2,).

    Returns:
        The window in pixels.
    """
    height, width = (
        min(side, max(1, round(min(side * share, limit))))
        for side, share, limit in zip(size, shares.tolist(), most, strict=True)
    )
    top, left = (
        int(where * (side - part + 1))
        for where, side, part in zip(place.tolist(), size, (height, width), strict=True)
    )
    return Window(top, left, height, width)


def flipped(sample: ImageSample, left_right: bool, upside_down: bool) -> ImageSample:
    """Mirror an image.

    Args:
        sample: The image.
        left_right: Whether to mirror horizontally.
        upside_down: Whether to mirror vertically.

    Returns:
        The mirrored image with its boxes and mask.
    """
    for wanted, mirror in (
        (left_right, transforms.horizontal_flip),
        (upside_down, transforms.vertical_flip),
    ):
        if wanted:
            boxes = unclipped_boxes(sample)
            sample = replace(
                sample,
                image=mirror(sample.image),
                boxes=None if boxes is None else mirror(boxes).as_subclass(Tensor),
                mask=None if sample.mask is None else mirror(sample.mask[None])[0],
            )
    return sample


def rotated(sample: ImageSample, angle: float) -> ImageSample:
    """The image rotated about its centre by degrees; a box becomes the box around the rotated one."""
    boxes, mask = unclipped_boxes(sample), sample.mask
    return replace(
        sample,
        image=transforms.rotate(sample.image, angle, interpolation=transforms.InterpolationMode.BILINEAR),
        boxes=None if boxes is None else transforms.rotate(boxes, angle).as_subclass(Tensor),
        mask=None if mask is None else transforms.rotate(mask[None], angle, fill=UNKNOWN_CLASS)[0],
    )


def translated(sample: ImageSample, shares: np.ndarray) -> ImageSample:
    """The image moved down and to the right by shares (2,) of its sides, in whole pixels; its size stays."""
    height, width = sample.size
    down, right = (round(share * side) for share, side in zip(shares.tolist(), sample.size, strict=True))
    boxes, mask = unclipped_boxes(sample), sample.mask
    if mask is not None:
        mask = transforms.pad(mask[None], [width, height], fill=UNKNOWN_CLASS)
        mask = transforms.crop(mask, height - down, width - right, height, width)[0]
    return replace(
        sample,
        image=transforms.crop(sample.image, -down, -right, height, width),
        boxes=None
        if boxes is None
        else transforms.crop(boxes, -down, -right, height, width).as_subclass(Tensor),
        mask=mask,
    )


def drop_occluded(sample: ImageSample, visible: float) -> ImageSample:
    """Boxes clipped to the image, without those of which less than the share `visible` of the area remains."""
    if sample.boxes is None:
        return sample
    height, width = sample.size
    clipped = geometry.clip(sample.boxes, width, height)  # (N, 4)
    seen = (clipped[:, 2:] - clipped[:, :2] >= MIN_SIDE).all(-1)
    seen &= geometry.areas(clipped) >= (visible - ROUNDING) * geometry.areas(sample.boxes)
    return replace(
        sample,
        boxes=clipped[seen],
        labels=None if sample.labels is None else sample.labels[seen],
        crowd=None if sample.crowd is None else sample.crowd[seen],
        owners=None if sample.owners is None else sample.owners[seen],
    )
