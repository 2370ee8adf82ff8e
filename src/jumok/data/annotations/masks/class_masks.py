"""Masks: for each image one of the same size, whose pixels are classes.

A mask is a PNG whose values are numbers (one channel, or a palette) or whose colours mean classes. Images and masks are
paired by name, from two folders or one, or by a list file with `image mask` on each line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

import numpy as np

from jumok.choices import OUTSIDE
from jumok.classes import Class
from jumok.data.annotations.annotated import BACKGROUND, AnnotatedImage, AnnotatedSet
from jumok.data.annotations.masks.pairs import paired
from jumok.data.annotations.palette import PALETTE, Colour
from jumok.data.annotations.segmentation import covered
from jumok.data.images.looks import packed_colours
from jumok.data.images.mask_images import load_mask, read_mask
from jumok.deferred import Deferred

if TYPE_CHECKING:
    from PIL import Image
else:  # Pillow is loaded only when there are images
    Image = Deferred("PIL.Image")

Ignore = int | Literal["auto"] | None
Classes = Sequence[str] | Mapping[str, Colour | int]
WHITE = 255  # what a mask of two classes holds where people think of black and white


def read_masks(
    masks: Path,
    classes: Classes,
    images: Path | None = None,
    ignore: Ignore = "auto",
    instances: bool = False,
) -> AnnotatedSet:
    """Read images with masks.

    Args:
        masks: The folder of masks, or a list file.
        classes: Names of the values 0, 1, 2, …, or names with their values or colours.
        images: The folder of images; found beside the masks by default.
        ignore: The value that does not count; 255 by default, unless it is a class.
        instances: Whether masks number the objects of one class from 1 on, with 0 as background.

    Returns:
        The images with their masks and the faults.
    """
    pairs = paired(masks, images)
    listed = class_list(classes, instances)
    taken = any(one.id == OUTSIDE and one.colour is None for one in listed)
    usual = None if instances or taken else OUTSIDE
    return AnnotatedSet(
        listed,
        tuple(pairs.images),
        tuple(pairs.faults),
        usual if ignore == "auto" else ignore,
        remarks=tuple(pairs.remarks),
        looked_at=tuple(pairs.looked_at),
        instances=instances,
        usual_ignore=ignore == "auto",
    )


def class_list(classes: Classes, instances: bool = False) -> tuple[Class, ...]:
    """The classes of masks with their pixel values or colours."""
    if isinstance(classes, Mapping):
        named = enumerate(classes.items())
        return tuple(
            Class(name, value) if isinstance(value, int) else Class(name, number, colour=value)
            for number, (name, value) in named
        )
    names = (BACKGROUND, *classes) if instances and len(classes) == 1 else classes
    return tuple(Class(name, number) for number, name in enumerate(names))


def with_black_and_white(data: AnnotatedSet, values: set[int]) -> AnnotatedSet:
    """The set with 255 as its second class, if the masks of two classes contain 0 and 255 only.

    Most tools write the mask of one class like this; otherwise 255 is ignored by default.
    """
    stated = not data.usual_ignore and data.ignore == WHITE
    plain = [one.id for one in data.classes] == [0, 1] and all(one.colour is None for one in data.classes)
    if not plain or stated or data.instances or WHITE not in values or not values <= {0, WHITE}:
        return data
    background, thing = data.classes
    return replace(data, classes=(background, replace(thing, id=WHITE)), ignore=None)


def mask_classes(
    path: Path, classes: Sequence[Class], ignore: int | None, instances: bool = False
) -> np.ndarray:
    """Read the classes of a mask file; for callers outside this room.

    Args:
        path: The mask.
        classes: The classes.
        ignore: The value that does not count.
        instances: Whether the mask numbers objects of one class.

    Returns:
        Index of each pixel's class, -1 for none (Y, X) int16.

    Raises:
        DataError: If the mask cannot be read.
    """
    mask = load_mask(path, is_coloured(classes))
    if not instances:
        return class_indices(mask, classes, ignore)
    values = packed_colours(mask) if mask.ndim == 3 else mask
    return np.where(values == ignore, -1, (values > 0) * (len(classes) - 1)).astype(np.int16)


def is_coloured(classes: Sequence[Class]) -> bool:
    """Whether classes are identified by their colours."""
    return any(one.colour is not None for one in classes)


def class_values(mask: np.ndarray, classes: Sequence[Class], ignore: int | None) -> np.ndarray:
    """Map a mask to the values of its classes.

    Args:
        mask: Values (Y, X) or colours (Y, X, 3).
        classes: The classes.
        ignore: The value that does not count.

    Returns:
        Values (Y, X).
    """
    if mask.ndim == 2:
        return mask
    packed = packed_colours(mask)  # (Y, X)
    numbers = np.full(packed.shape, OUTSIDE if ignore is None else ignore, np.uint8)
    for one in classes:
        if one.colour is not None and one.id is not None:
            numbers[packed == packed_colours(np.array(one.colour))] = one.id
    return numbers


def class_indices(mask: np.ndarray, classes: Sequence[Class], ignore: int | None) -> np.ndarray:
    """Map a mask to class indices.

    Args:
        mask: Values (Y, X) or colours (Y, X, 3).
        classes: The classes.
        ignore: The value that does not count.

    Returns:
        Index of each pixel's class, -1 for none (Y, X) int16.
    """
    values = class_values(mask, classes, ignore)
    numbers = np.full(values.shape, -1, np.int16)
    for number, known in enumerate(classes):
        numbers[values == known.id] = number
    return numbers


def write_masks(data: AnnotatedSet, folder: Path, split: str) -> None:
    """Write masks/SPLIT/ and the list SPLIT.txt; images are expected in images/SPLIT/.

    Outlines are painted in their order, classes from 1 on; 0 is the background.

    Args:
        data: The set.
        folder: The folder of the data set.
        split: Name of the split.
    """
    lines = []
    for image in data.images:
        file = folder / "masks" / split / f"{image.stem}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        if image.mask:  # colours of no class become 255, or `ignore`
            mask = read_mask(image.mask, is_coloured(data.classes))
            save_mask(class_values(mask, data.classes, data.ignore), file)
        else:
            save_mask(rasterize(image, data), file)
        lines.append(f"images/{split}/{image.name}\tmasks/{split}/{image.stem}.png\n")
    (folder / f"{split}.txt").write_text("".join(lines), encoding="utf-8")


def mask_names(names: Sequence[str]) -> list[str]:
    """The names of the values 0, 1, 2, … in written masks."""
    return [BACKGROUND, *(name for name in names if name.lower() != BACKGROUND)]


def rasterize(image: AnnotatedImage, data: AnnotatedSet) -> np.ndarray:
    """The class of each pixel (Y, X), painted from the outlines of an image."""
    numbers = {name: number for number, name in enumerate(mask_names(data.names))}
    size = image.known_size()
    values = np.zeros((size.height, size.width), np.uint8)
    for one in image.annotations:
        if one.segmentation is not None:
            values[covered(one.segmentation, size.width, size.height)] = numbers.get(one.name, 0)
    return values


def save_mask(values: np.ndarray, file: Path | BinaryIO) -> None:
    """Save a mask as PNG with a palette, so that people can see the classes."""
    image = Image.fromarray(values.astype(np.uint8)).convert("P")
    image.putpalette([channel for colour in ((0, 0, 0), *PALETTE[:255]) for channel in colour])
    image.save(file, format="PNG")
