"""Faults of masks, by the values counted in them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from jumok.data.annotations.annotated import AnnotatedSet
from jumok.data.annotations.masks.class_masks import is_coloured
from jumok.data.images.looks import MaskSeen, packed_colours
from jumok.data.images.reading import Size
from jumok.data.tables.faults import Fault

MAX_SHOWN_VALUES = 6  # values in a sentence
LIKE_OBJECTS = 3  # times as many values as classes, from which on a mask seems to number objects


def mask_faults(path: Path, seen: MaskSeen, size: Size, data: AnnotatedSet) -> Iterator[Fault]:
    """A mask whose size differs from its image, or that has values of no class.

    Args:
        path: The mask.
        seen: The decoded mask.
        size: Size of the image in pixels.
        data: The set.

    Yields:
        The faults.
    """
    if seen.size != size:
        problem = f"is {seen.size}, but its image is {size}"
        yield Fault(str(path), None, problem, "write a mask of the image's size", "mask_size")
    if data.instances:
        return
    if seen.coloured and not is_coloured(data.classes):
        problem = "holds colours, but classes are given as numbers"
        yield Fault(str(path), None, problem, "give classes: {name: [red, green, blue]}", "mask_value")
        return
    yield from value_faults(path, seen, data)
    if set(seen.counts) == {data.ignore} and data.ignore not in {one.id for one in data.classes}:
        problem = f"holds only {data.ignore}, the value to ignore, so that nothing can be learned from it"
        yield Fault(
            str(path), None, problem, "label some pixels, or remove the mask and its image", "all_ignored"
        )


def value_faults(path: Path, seen: MaskSeen, data: AnnotatedSet) -> Iterator[Fault]:
    """Values or colours of no class."""
    known = set(allowed_values(data))
    strange = [(value, count) for value, count in seen.counts.items() if value not in known]
    if not strange:
        return
    told = [
        f"{format_value(value, seen.coloured)} ({count:,} pixels)"
        for value, count in strange[:MAX_SHOWN_VALUES]
    ]
    more = f" and {len(strange) - MAX_SHOWN_VALUES} more" if len(strange) > MAX_SHOWN_VALUES else ""
    problem = f"holds {'colours' if seen.coloured else 'values'} that no class has: {', '.join(told)}{more}"
    remedy = "name the missing classes"
    if not seen.coloured:
        remedy += ", or the value to ignore under ignore:"
        if len(strange) > LIKE_OBJECTS * len(data.classes):
            remedy += "; if each object has a number of its own, say instances: true"
    yield Fault(str(path), None, problem, remedy, "mask_value")


def allowed_values(data: AnnotatedSet) -> Iterator[int]:
    """The values that masks may have: those of classes, and the value to ignore."""
    for one in data.classes:
        if one.colour is not None:
            yield int(packed_colours(np.array(one.colour)))
        elif one.id is not None:
            yield one.id
    if data.ignore is not None and not is_coloured(data.classes):
        yield data.ignore


def format_value(value: int, coloured: bool) -> str:
    """A pixel value as users write it: [r, g, b] in coloured masks."""
    return str([value >> 16, value >> 8 & 255, value & 255]) if coloured else str(value)


def pixel_counts(seen: MaskSeen, data: AnnotatedSet) -> dict[str, int]:
    """The pixels of each class in a mask, by name; of instance masks, those of all objects together."""
    if data.instances:
        ignored = seen.counts.get(data.ignore, 0) if data.ignore is not None else 0
        nothing = seen.counts.get(0, 0)
        objects = sum(seen.counts.values()) - nothing - ignored
        return {data.names[0]: nothing, data.names[-1]: objects}
    by_value = dict(zip(allowed_values(data), data.names, strict=False))
    counted: dict[str, int] = {}
    for value, count in seen.counts.items():
        if value in by_value:
            counted[by_value[value]] = counted.get(by_value[value], 0) + count
    return counted
