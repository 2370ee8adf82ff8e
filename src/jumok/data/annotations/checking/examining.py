"""Checks every image and mask of a set: faults, usable images, and a summary.

`jumok check` and training share it: usable images become rows, faults take the place of others.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from jumok.data.annotations.annotated import (
    AnnotatedImage,
    AnnotatedSet,
    Annotation,
    SourceLocation,
    where_listed,
)
from jumok.data.annotations.checking.boxes import (
    box_faults,
    class_faults,
    missing_faults,
    size_fault,
)
from jumok.data.annotations.checking.masks import mask_faults, pixel_counts
from jumok.data.annotations.checking.summary import Sight, Summary
from jumok.data.annotations.masks.class_masks import is_coloured, with_black_and_white
from jumok.data.annotations.segmentation import RunLengths
from jumok.data.images.looks import Looks, MaskSeen, Seen
from jumok.data.images.reading import Size
from jumok.data.tables.faults import Fault
from jumok.wording import quantity


class Usable(NamedTuple):
    """An image to learn from, with its annotations corrected where only one correction is possible."""

    number: int  # its place in the set, from 1 on
    image: AnnotatedImage
    size: Size


@dataclass
class Examined:
    """The result of a check."""

    data: AnnotatedSet  # with the classes that its masks turned out to have
    usable: list[Usable] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    summary: Summary = field(default_factory=Summary)


def examine(data: AnnotatedSet, looks: Looks, kinds: tuple[str, ...] = ("image", "boxes")) -> Examined:
    """Decode and check all images and masks of a set.

    Args:
        data: The set.
        looks: What is known of files that were decoded before.
        kinds: Kinds of the columns to be made: "image", "boxes" or "mask".

    Returns:
        Faults, usable images and a summary.
    """
    images = [looks.image(image.path) for image in data.images]
    coloured = is_coloured(data.classes)
    masks = [
        None if image.mask is None else looks.mask(image.mask, coloured, boxes=data.instances)
        for image in data.images
    ]
    data, remarks = settled_classes(data, [mask for mask in masks if isinstance(mask, MaskSeen)])
    # follows with all that are missing
    told = [fault for fault in data.faults if fault.kind != "missing_image"]
    found = Examined(data, faults=[*told, *class_faults(data)])
    found.summary.remarks.extend((*data.remarks, *remarks))
    missing: list[Fault] = []
    paths: set[Path] = set()  # an image may stand beside several texts
    for number, (image, seen, mask) in enumerate(zip(data.images, images, masks, strict=True), start=1):
        if isinstance(seen, Fault):
            fault = where_listed(seen, image.path, image.place)
            (missing if fault.kind == "missing_image" else found.faults).append(fault)
            found.faults.extend(box_faults(image, image.size))
            continue
        _examine_image(number, image, seen, mask, kinds, found, is_first=image.path not in paths)
        paths.add(image.path)
    found.faults.extend(missing_faults(data, missing))
    found.faults.extend(nothing_outlined(found, kinds))
    bad = {(fault.file, fault.line) for fault in found.faults if fault.kind == "bad_value"}
    found.faults = [
        fault
        for fault in dict.fromkeys(found.faults)
        if fault.kind != "no_outline" or (fault.file, fault.line) not in bad  # its fault is reported
    ]
    return found


def settled_classes(data: AnnotatedSet, masks: list[MaskSeen]) -> tuple[AnnotatedSet, list[Fault]]:
    """The set with the classes that its masks have, and a remark if these are more than the options say."""
    values = {value for mask in masks if not mask.coloured for value in mask.counts}
    settled = with_black_and_white(data, values)
    if settled is data:
        return data, []
    problem = f"the masks hold 0 and 255: 255 is read as class {data.classes[1].name!r}"
    place = next(str(image.mask.parent) for image in data.images if image.mask is not None)
    remedy = "if those pixels should not count, say ignore: 255"
    return settled, [Fault(place, None, problem, remedy, "black_and_white")]


def _examine_image(
    number: int,
    image: AnnotatedImage,
    seen: Seen,
    mask: MaskSeen | Fault | None,
    kinds: tuple[str, ...],
    found: Examined,
    is_first: bool,
) -> None:
    size, summary = seen.header.size, found.summary
    lost = list(reasons_to_leave_out(image, seen, mask, kinds, found.data))
    found.faults.extend(lost)
    if is_first:
        summary.see(Sight(seen.digest.hex(), str(image.path), image.place), size)
    if is_first and image.size in (None, size):
        summary.remark_on(image.path, seen)
    if isinstance(mask, MaskSeen):
        if found.data.instances:
            image = with_objects(image, mask, found.data)
        summary.count_mask(pixel_counts(mask, found.data), sum(mask.counts.values()))
    found.faults.extend(box_faults(image, size))
    corrected = sanitized(image, size, found.data.names)
    summary.count_objects(corrected.annotations)
    if not lost:
        found.usable.append(Usable(number, corrected if "boxes" in kinds else image, size))


def reasons_to_leave_out(
    image: AnnotatedImage,
    seen: Seen,
    mask: MaskSeen | Fault | None,
    kinds: tuple[str, ...],
    data: AnnotatedSet,
) -> Iterator[Fault]:
    """The faults that make an image useless for learning.

    Args:
        image: The image with its annotations.
        seen: The decoded image file.
        mask: The decoded mask, if there is one.
        kinds: Kinds of the columns to be made.
        data: The set.

    Yields:
        The faults.
    """
    if image.size not in (None, seen.header.size):
        yield size_fault(image, seen.header)
    if isinstance(mask, Fault):
        yield mask
    elif mask is not None and image.mask is not None:
        yield from mask_faults(image.mask, mask, seen.header.size, data)
    elif "mask" in kinds:
        yield from outline_faults(image, seen.header.size)


def outline_faults(image: AnnotatedImage, size: Size) -> Iterator[Fault]:
    """Objects that need an outline but have only a box, or an outline for another image size."""
    for one in image.annotations:
        outline = one.segmentation
        if isinstance(outline, RunLengths) and (outline.width, outline.height) != size:
            problem = f"the run lengths of {one.name!r} are of {Size(outline.width, outline.height)}"
            problem += f", but its image is {size}"
            yield one.place.fault(problem, "write the segmentation for this image", "mask_size")
        if not one.segmentation:
            problem = f"{one.name!r} has a box but no outline, and the output is a mask"
            yield one.place.fault(problem, "draw its outline, or ask for kind: boxes", "no_outline")


def nothing_outlined(found: Examined, kinds: tuple[str, ...]) -> Iterator[Fault]:
    """One fault instead of many if a whole set has boxes without outlines."""
    objects = [one for image in found.data.images for one in image.annotations]
    if "mask" not in kinds or not objects or any(one.segmentation for one in objects):
        return
    if any(image.mask for image in found.data.images):
        return
    found.faults[:] = [fault for fault in found.faults if fault.kind != "no_outline"]
    problem = f"has boxes but no outlines ({quantity(len(objects), 'object')}), and the output is a mask"
    remedy = "ask for kind: boxes, or name data with outlines or masks"
    yield Fault(objects[0].place.file, None, problem, remedy, "no_outlines")


def with_objects(image: AnnotatedImage, mask: MaskSeen, data: AnnotatedSet) -> AnnotatedImage:
    """Add a box for each object number in a mask.

    Args:
        image: The image.
        mask: The decoded mask.
        data: The set.

    Returns:
        The image with these objects.
    """
    place = SourceLocation(str(image.mask), None)
    objects = tuple(
        Annotation((float(x1), float(y1), float(x2), float(y2)), data.names[-1], place)
        for value, (x1, y1, x2, y2) in mask.boxes.items()
        if value not in (0, data.ignore) and max(x2 - x1, y2 - y1) > 1  # a lone pixel is no object to find
    )
    return replace(image, annotations=objects)


def sanitized(image: AnnotatedImage, size: Size, names: tuple[str, ...]) -> AnnotatedImage:
    """Remove objects of unknown classes and boxes without area; clip the others to the image.

    Args:
        image: The image with its annotations.
        size: Its size in pixels.
        names: Names of the known classes.

    Returns:
        The image with the remaining objects.
    """
    kept = []
    for one in image.annotations:
        x1, y1, x2, y2 = one.box
        clipped = (max(x1, 0.0), max(y1, 0.0), min(x2, size.width), min(y2, size.height))
        width, height = clipped[2] - clipped[0], clipped[3] - clipped[1]
        if one.name in names and min(width, height) > 0 and max(width, height) > 1:
            kept.append(replace(one, box=clipped))
    return replace(image, annotations=tuple(kept))
