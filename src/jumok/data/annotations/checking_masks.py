"""What is wrong with masks."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from jumok.data.annotations.masks import packed_colours
from jumok.data.annotations.picture import AnnotatedSet
from jumok.data.faults import Fault, UnreadableFile
from jumok.data.images import Size, read_mask

SHOWN = 6  # values in a sentence


def mask_faults(path: Path, size: Size, data: AnnotatedSet) -> Iterator[Fault]:
    """A mask that cannot be read, has another size than its image, or values of no class."""
    try:
        mask = read_mask(path)
    except UnreadableFile as unreadable:
        yield unreadable.fault
        return
    height, width = mask.shape[:2]
    if (width, height) != size:
        problem = f"is {Size(width, height)}, but its image is {size}"
        yield Fault(str(path), None, problem, "write a mask of the image's size", "mask_size")
    coloured = any(one.colour is not None for one in data.classes)
    if coloured != (mask.ndim == 3):
        found, wanted = ("numbers", "colours") if coloured else ("colours", "numbers")
        problem = f"holds {found}, but classes are given as {wanted}"
        remedy = "list class names alone" if coloured else "give classes: {name: [red, green, blue]}"
        yield Fault(str(path), None, problem, remedy, "mask_value")
        return
    yield from value_faults(path, mask, data)


def value_faults(path: Path, mask: np.ndarray, data: AnnotatedSet) -> Iterator[Fault]:
    """Values or colours that no class has."""
    coloured = mask.ndim == 3
    values, counts = np.unique(packed_colours(mask) if coloured else mask, return_counts=True)
    known = [value_of(one.colour) if one.colour else one.id for one in data.classes]
    known += [] if coloured or data.ignore is None else [data.ignore]
    strange = ~np.isin(values, [value for value in known if value is not None])
    if not strange.any():
        return
    pairs = list(zip(values[strange].tolist(), counts[strange].tolist(), strict=True))
    told = [f"{shown(value, coloured)} ({count:,} pixels)" for value, count in pairs[:SHOWN]]
    more = f" and {len(pairs) - SHOWN} more" if len(pairs) > SHOWN else ""
    what = "colours" if coloured else "values"
    problem = f"holds {what} that no class has: {', '.join(told)}{more}"
    remedy = (
        "name the missing classes"
        if coloured
        else "name the missing classes, or the value to ignore under ignore:"
    )
    yield Fault(str(path), None, problem, remedy, "mask_value")


def value_of(colour: tuple[int, int, int]) -> int:
    return int(packed_colours(np.array(colour)))


def shown(value: int, coloured: bool) -> str:
    return str([value >> 16, value >> 8 & 255, value & 255]) if coloured else str(value)
