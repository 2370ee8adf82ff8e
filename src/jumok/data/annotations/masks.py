"""Masks: for each image a picture of the same size whose pixels are classes.

A mask is a PNG whose values are numbers (one channel, or a palette), or one whose colours stand for classes. Images and
masks are paired by name, from two folders, or by a list file with `image mask` on each line.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from jumok.choices import OUTSIDE
from jumok.data.annotations.palette import PALETTE
from jumok.data.annotations.picture import BACKGROUND, AnnotatedSet, Class, Picture, Place
from jumok.data.annotations.segmentation import covered
from jumok.data.faults import Fault, UnreadableFile
from jumok.data.images import SUFFIXES, read_mask
from jumok.data.reading import decoded, is_file, nearest_file, raw_lines, why_unreadable

Colour = tuple[int, int, int]


def read_masks(
    masks: Path,
    classes: Sequence[str] | Mapping[str, Colour],
    images: Path | None = None,
    ignore: int | None = OUTSIDE,
) -> AnnotatedSet:
    """The pairs of two folders, or of a list file.

    `classes` are the names of the values 0, 1, 2, …, or names with the colours of their pixels.
    """
    if masks.is_dir():
        pictures, faults = paired_by_name(masks, images)
    else:
        pictures, faults = paired_by_list(masks, images or masks.parent)
    return AnnotatedSet(class_list(classes), tuple(pictures), tuple(faults), ignore)


def class_list(classes: Sequence[str] | Mapping[str, Colour]) -> tuple[Class, ...]:
    if isinstance(classes, Mapping):
        named = enumerate(classes.items())
        return tuple(Class(name, number, colour=colour) for number, (name, colour) in named)
    return tuple(Class(name, number) for number, name in enumerate(classes))


def paired_by_name(masks: Path, images: Path | None) -> tuple[list[Picture], list[Fault]]:
    """Images and masks that have the same name but for the suffix."""
    if images is None or not images.is_dir():
        where = "no folder of images was named" if images is None else f"{images} is no folder"
        remedy = "name the folder under images:"
        return [], [Fault(str(masks), None, f"holds masks, but {where}", remedy, "missing_file")]
    found, asked = by_stem(masks), by_stem(images)
    pictures = [
        Picture(path, path.relative_to(images).as_posix(), Place(str(path), None), mask=found[stem])
        for stem, path in asked.items()
        if stem in found
    ]
    alone = [(path, f"has no mask in {masks}") for stem, path in asked.items() if stem not in found]
    alone += [(path, f"has no image in {images}") for stem, path in found.items() if stem not in asked]
    faults = [
        Fault(str(path), None, problem, "add it or remove this file", "unknown_image")
        for path, problem in alone
    ]
    return pictures, faults


def by_stem(folder: Path) -> dict[str, Path]:
    """Pictures in a folder and below by their names without suffix, sorted."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in files}


def paired_by_list(file: Path, folder: Path) -> tuple[list[Picture], list[Fault]]:
    """The pairs of a file with `image mask` on each line, its paths starting at `folder`."""
    fault = why_unreadable(file)
    if fault:
        return [], [fault]
    try:
        items = list(list_items(file, folder))
    except UnreadableFile as unreadable:
        items = [unreadable.fault]
    faults = [item for item in items if isinstance(item, Fault)]
    return [item for item in items if isinstance(item, Picture)], faults


def list_items(file: Path, folder: Path) -> Iterator[Picture | Fault]:
    separator = separator_of(file)
    for number, raw in enumerate(raw_lines(file), start=1):
        text, place = decoded(file, number, raw), Place(str(file), number)
        if isinstance(text, Fault):
            yield text
        elif text.strip():
            words = [word.strip() for word in text.strip().split(separator)]
            if len(words) != 2:
                problem = f"has {len(words)} path{'s' * (len(words) != 1)}, expected 2: image and mask"
                yield place.fault(problem, "separate paths with blanks by a tab", "value_count")
                continue
            image, mask = (folder / word for word in words)
            if not is_file(mask):
                yield place.fault(f"lists {mask}, which does not exist", nearest_file(mask), "missing_file")
                continue
            below = image.is_relative_to(folder) and ".." not in image.parts
            name = image.relative_to(folder).as_posix() if below else image.name
            yield Picture(image, name, place, mask=mask)


def separator_of(file: Path) -> str | None:
    """A tab where the first line has one; otherwise any blanks."""
    return "\t" if b"\t" in next(iter(raw_lines(file)), b"") else None


def class_numbers(mask: np.ndarray, data: AnnotatedSet) -> np.ndarray:
    """The values (Y, X) of a mask that was read; a colour that no class has becomes 255, or `ignore`."""
    return class_values(mask, data.classes, data.ignore)


def class_values(mask: np.ndarray, classes: Sequence[Class], ignore: int | None) -> np.ndarray:
    """The values (Y, X) of a mask that was read, by the ids or colours of the classes."""
    if mask.ndim == 2:
        return mask
    packed = packed_colours(mask)  # (Y, X)
    numbers = np.full(packed.shape, OUTSIDE if ignore is None else ignore, np.uint8)
    for one in classes:
        if one.colour is not None and one.id is not None:
            numbers[packed == packed_colours(np.array(one.colour))] = one.id
    return numbers


def numbered(mask: np.ndarray, classes: Sequence[Class], ignore: int | None) -> np.ndarray:
    """The number (Y, X) int16 of each pixel's class in the order of the classes, -1 where it is of none."""
    values = class_values(mask, classes, ignore)
    numbers = np.full(values.shape, -1, np.int16)
    for number, known in enumerate(classes):
        numbers[values == known.id] = number
    return numbers


def packed_colours(colours: np.ndarray) -> np.ndarray:
    """Colours (..., 3) as one number each."""
    red, green, blue = np.moveaxis(colours.astype(np.int64), -1, 0)
    return red << 16 | green << 8 | blue


def write_masks(data: AnnotatedSet, folder: Path, split: str) -> None:
    """Write masks/SPLIT/ and the list SPLIT.txt; images are expected in images/SPLIT/.

    Outlines are painted in their order, classes from 1 on; what no object covers is 0, and so is the background.
    """
    lines = []
    for picture in data.pictures:
        file = folder / "masks" / split / f"{picture.stem}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        values = class_numbers(read_mask(picture.mask), data) if picture.mask else painted(picture, data)
        save_mask(values, file)
        lines.append(f"images/{split}/{picture.name}\tmasks/{split}/{picture.stem}.png\n")
    (folder / f"{split}.txt").write_text("".join(lines), encoding="utf-8")


def mask_names(names: Sequence[str]) -> list[str]:
    """What the values 0, 1, 2, … of written masks mean."""
    return [BACKGROUND, *(name for name in names if name.lower() != BACKGROUND)]


def painted(picture: Picture, data: AnnotatedSet) -> np.ndarray:
    """The classes (Y, X) of a picture's pixels, from the outlines of its objects."""
    numbers = {name: number for number, name in enumerate(mask_names(data.names))}
    size = picture.known_size()
    values = np.zeros((size.height, size.width), np.uint8)
    for one in picture.annotations:
        if one.segmentation is not None:
            values[covered(one.segmentation, size.width, size.height)] = numbers.get(one.name, 0)
    return values


def save_mask(values: np.ndarray, file: Path | BinaryIO) -> None:
    """A mask as PNG with a palette, so that people can look at it."""
    image = Image.fromarray(values.astype(np.uint8)).convert("P")
    image.putpalette([channel for colour in ((0, 0, 0), *PALETTE[:255]) for channel in colour])
    image.save(file, format="PNG")
